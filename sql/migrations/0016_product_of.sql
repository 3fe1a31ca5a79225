-- The product of one question as it is when asked, as products_of() (0011) says it of several: for votes
-- for one answer, which are most of a flood's. Without a set of rows it costs two thirds.
CREATE FUNCTION product_of(question bigint) RETURNS integer
    LANGUAGE plpgsql
AS $$
DECLARE
    product integer;
BEGIN
    SELECT product_id INTO product FROM questions WHERE id = question;
    RETURN product;
END
$$;
