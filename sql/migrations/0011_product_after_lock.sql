-- The product of a question as it is when asked, not as a statement's snapshot has it: a vote or a
-- report that has waited for the lock of an answer must return the product to which the question has
-- moved meanwhile (lock_moved_question, 0007). Volatile, for a snapshot of its own.
CREATE FUNCTION product_of(question_id bigint) RETURNS integer
    LANGUAGE plpgsql
AS $$
BEGIN
    RETURN (SELECT product_id FROM questions WHERE id = $1);
END
$$;
