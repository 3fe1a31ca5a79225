-- Voters: shoppers whose requests say who they are, by a token. A vote of theirs counts once, and can be taken
-- back. Of the token only a keyed hash is kept.

-- Functions run with the search path of this session, and look for temporary tables last.
SELECT set_config('search_path', current_setting('search_path') || ', pg_temp', true);

-- The votes of voters: for the answer or else the question with that id.
CREATE TABLE voters (
    of_answer boolean NOT NULL,
    item_id bigint NOT NULL,
    voter uuid NOT NULL,
    PRIMARY KEY (item_id, voter, of_answer)
);

-- The key of the hash: one row, of 244 random bits.
CREATE TABLE voter_secret (
    is_one boolean PRIMARY KEY DEFAULT true CHECK (is_one),
    secret bytea NOT NULL
);
INSERT INTO voter_secret (secret) VALUES (uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()));

-- What is kept of voters: the service sends a hash of the token, which is hashed once more, with the secret.
CREATE FUNCTION hash_voters(voters uuid[]) RETURNS uuid[]
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT
AS $$
    SELECT array_agg(encode(substr(sha256(secret || uuid_send(voter)), 1, 16), 'hex')::uuid ORDER BY nth)
    FROM voter_secret, unnest(voters) WITH ORDINALITY AS given (voter, nth)
    WHERE is_one
$$;

-- Notes votes for items, which the caller has locked. Returns the item of each that is not one more of its
-- voter.
CREATE FUNCTION note_voters(of_answers boolean, items bigint[], voters uuid[]) RETURNS SETOF bigint
    LANGUAGE sql STRICT SECURITY DEFINER SET search_path FROM CURRENT
AS $$
    INSERT INTO voters
    SELECT of_answers, item, voter FROM unnest(items, hash_voters(voters)) AS given (item, voter)
    ON CONFLICT DO NOTHING
    RETURNING item_id
$$;

-- Takes votes back, of items which the caller has locked. Returns the positions of those that there were.
CREATE FUNCTION forget_voters(of_answers boolean, positions bigint[], items bigint[], voters uuid[])
    RETURNS SETOF bigint
    LANGUAGE sql STRICT SECURITY DEFINER SET search_path FROM CURRENT
AS $$
    WITH given AS (
        SELECT * FROM unnest(positions, items, hash_voters(voters)) AS given (nth, item, voter)
    ), forgotten AS (
        DELETE FROM voters
        WHERE ctid = ANY (ARRAY(
            SELECT kept.ctid
            FROM given, LATERAL ( -- vote by vote, by the index
                SELECT ctid FROM voters
                WHERE item_id = item AND voters.voter = given.voter AND of_answer = of_answers
                OFFSET 0) AS kept))
        RETURNING item_id, voters.voter
    )
    SELECT min(nth) FROM given JOIN forgotten ON item_id = item AND forgotten.voter = given.voter
    GROUP BY item, given.voter
$$;

-- The votes of an item go with it.
CREATE FUNCTION drop_voters() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        DELETE FROM voters WHERE of_answer = (TG_TABLE_NAME = 'answers');
    ELSE
        DELETE FROM voters
        WHERE item_id IN (SELECT id FROM removed) AND of_answer = (TG_TABLE_NAME = 'answers');
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER questions_removed_votes AFTER DELETE ON questions
    REFERENCING OLD TABLE AS removed
    FOR EACH STATEMENT EXECUTE FUNCTION drop_voters();
CREATE TRIGGER questions_truncated_votes AFTER TRUNCATE ON questions
    FOR EACH STATEMENT EXECUTE FUNCTION drop_voters();
CREATE TRIGGER answers_removed_votes AFTER DELETE ON answers
    REFERENCING OLD TABLE AS removed
    FOR EACH STATEMENT EXECUTE FUNCTION drop_voters();
CREATE TRIGGER answers_truncated_votes AFTER TRUNCATE ON answers
    FOR EACH STATEMENT EXECUTE FUNCTION drop_voters();

REVOKE ALL ON voters, voter_secret FROM PUBLIC;
REVOKE ALL ON FUNCTION hash_voters, note_voters, forget_voters, drop_voters FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hash_voters, note_voters, forget_voters TO atelier_qa_serving;
