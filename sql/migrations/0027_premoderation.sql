-- Pre-moderation: new questions and answers of a held product, or of all, wait until a moderator decides
-- about them (docs/decisions/074-pre-moderation.md).
--
--   - What waits is hidden as what was reported is, by its own column `reported`. Its state is 'waiting'.
--   - The statements that add questions and answers look up whether the product is held. So a decision to
--     hold it counts from its commit on, for every worker of every host.

-- The functions run with the search path of this session, and look for temporary tables last.
SELECT set_config('search_path', current_setting('search_path') || ', pg_temp', true);

ALTER TYPE moderation_action ADD VALUE 'hold';
ALTER TYPE moderation_action ADD VALUE 'release';
ALTER TABLE moderation_log ADD COLUMN product_id product_number; -- that was held or released

CREATE TABLE held_products (
    product_id product_number PRIMARY KEY,
    entry bigint NOT NULL -- of the log: who has decided so, when and why
);

-- Holds or releases a product. What waits already is left as it is. Returns the log's entry; NULL where all was
-- as wanted.
CREATE FUNCTION hold_product(action moderation_action, of_product integer, actor text, why text) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
AS $$
DECLARE
    holds CONSTANT boolean := action = 'hold';
    new_entry bigint;
BEGIN
    IF action NOT IN ('hold', 'release') THEN
        RAISE EXCEPTION 'hold_product: % is neither hold nor release', action
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    LOCK TABLE held_products IN SHARE ROW EXCLUSIVE MODE; -- one decision after the other; nobody else waits
    IF holds = EXISTS (SELECT FROM held_products WHERE product_id = of_product) THEN
        RETURN NULL;
    END IF;
    INSERT INTO moderation_log (actor, action, product_id, note) VALUES (actor, action, of_product, why)
    RETURNING id INTO new_entry;
    IF holds THEN
        INSERT INTO held_products (product_id, entry) VALUES (of_product, new_entry);
    ELSE
        DELETE FROM held_products WHERE product_id = of_product;
    END IF;
    RETURN new_entry;
END
$$;

-- Writes down that a new item waits. Returns true, for the item's column `reported`.
CREATE FUNCTION hold_item(of_kind item_kind, of_id bigint) RETURNS boolean
    LANGUAGE sql SECURITY DEFINER SET search_path FROM CURRENT
AS $$
    INSERT INTO moderated_items (kind, item_id, state) VALUES (of_kind, of_id, 'waiting')
    ON CONFLICT (kind, item_id) DO UPDATE SET state = 'waiting' -- left by a row that is gone
    RETURNING true
$$;

-- Whether a question, which is not shown, waits: then it takes no answers.
CREATE FUNCTION question_waits(question_id bigint) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT
AS $$
    SELECT EXISTS (SELECT FROM moderated_items WHERE kind = 'question' AND item_id = $1 AND state = 'waiting')
$$;

REVOKE ALL ON held_products FROM PUBLIC;
REVOKE ALL ON FUNCTION hold_product, hold_item, question_waits FROM PUBLIC;
GRANT SELECT (product_id) ON held_products TO atelier_qa_serving;
GRANT INSERT (reported) ON questions, answers TO atelier_qa_serving;
GRANT EXECUTE ON FUNCTION hold_item, question_waits TO atelier_qa_serving;
GRANT SELECT ON held_products TO atelier_qa_moderating;
GRANT EXECUTE ON FUNCTION hold_product TO atelier_qa_moderating;
