"""What is known of the ready-made pages of products."""

# The products whose page is ready.
READY = "SELECT product_id FROM product_pages EXCEPT SELECT product_id FROM changed_products"

# Of these: how many there are, and how many pages that are not what the query would show.
COUNT_AND_WRONG = f"""
    SELECT count(*),
        count(*) FILTER (WHERE page::text <> questions_page(product_id, 5, 0, most_answers)::text)
    FROM product_pages JOIN ({READY}) AS ready USING (product_id)"""


def all_are_ready(stack):
    [(missing,)] = stack.sql("SELECT count(*) FROM"
                             f" (SELECT product_id FROM questions EXCEPT ({READY})) AS missing")
    return missing == 0


def assert_right(stack):
    """No page is shown that is not what the query would show."""
    [(_, wrong)] = stack.sql(COUNT_AND_WRONG)
    assert wrong == 0
