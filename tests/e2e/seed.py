"""Rows put into the database directly, where the API would take too many calls or cannot set a
value. Only for products and questions that nobody has read yet."""

from api import new_product


def questions(stack, product_id, helpfulness, **columns):
    """One question for each number of the list `helpfulness`; their ids, in the list's order."""
    return [_insert(stack, "questions", product_id=product_id, helpful=helpful,
                    **{"body": "Why?", "asker_name": "asker", "asker_email": "asker@mail.example",
                       **columns})
            for helpful in helpfulness]


def answers(stack, question_id, helpfulness, **columns):
    """The same for answers of one question."""
    return [_insert(stack, "answers", question_id=question_id, helpful=helpful,
                    **{"body": "Because.", "answerer_name": "answerer",
                       "answerer_email": "answerer@mail.example", **columns})
            for helpful in helpfulness]


def question_with_answer(stack, **columns):
    """A product, its question with these columns, and the question's answer: their ids."""
    product = new_product()
    [question] = questions(stack, product, [0], **columns)
    [answer] = answers(stack, question, [0])
    return product, question, answer


def many_questions(stack, product_id, count):
    stack.sql("INSERT INTO questions (product_id, body, asker_name, asker_email)"
              " SELECT %s, 'Why?', 'asker', 'asker@mail.example' FROM generate_series(1, %s)",
              product_id, count)


def many_answers(stack, question_id, count):
    stack.sql("INSERT INTO answers (question_id, body, answerer_name, answerer_email)"
              " SELECT %s, 'Because.', 'answerer', 'answerer@mail.example'"
              " FROM generate_series(1, %s)", question_id, count)


def _insert(stack, table, **columns):
    names = ", ".join(columns)
    places = ", ".join(["%s"] * len(columns))
    return stack.sql(f"INSERT INTO {table} ({names}) VALUES ({places}) RETURNING id",
                     *columns.values())[0][0]
