-- The products of questions as they are when asked, not as a statement's snapshot has them: a vote or
-- a report that has waited for the lock of an answer must return the product to which the question
-- has moved meanwhile (lock_moved_question, 0007). Volatile, for a snapshot of its own.
CREATE FUNCTION products_of(question_ids bigint[])
    RETURNS TABLE (question_id bigint, product_id integer)
    LANGUAGE plpgsql ROWS 10
AS $$
BEGIN
    RETURN QUERY
    SELECT questions.id, questions.product_id::integer FROM questions
    WHERE questions.id = ANY (question_ids);
END
$$;
