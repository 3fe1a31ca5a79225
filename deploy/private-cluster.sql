-- What a new cluster needs before `atelier-qa migrate`: the owner of the database, the role that
-- serves, and the database. Run at each start of a private cluster, in the state directory, and by
-- setup.sh; what is there stays, and what a start that was cut short left out is added.
--   --set=service=NAME    the role that serves (atelier_qa_service); without a password where its
--                         file is empty
-- Where there is a password of the role atelier_qa_moderator, that role moderates.
\set ON_ERROR_STOP on
SET client_min_messages = warning;
\if :{?service}
\else
    \set service atelier_qa_service
\endif
\set owner_password `cat secrets/owner-password`
\set service_password `cat secrets/service-password`
\set moderator_password `cat secrets/moderator-password 2>/dev/null || true`
SELECT :'moderator_password' <> '' AS has_moderator
\gset

SELECT format('CREATE ROLE %I', name)
FROM (VALUES ('atelier_qa_owner'), ('atelier_qa_serving'), ('atelier_qa_moderating'), (:'service'))
    AS needed (name)
WHERE name NOT IN (SELECT rolname FROM pg_roles)
\gexec
ALTER ROLE atelier_qa_owner LOGIN CREATEROLE PASSWORD :'owner_password';
ALTER ROLE :"service" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE
    PASSWORD :'service_password';
GRANT atelier_qa_serving TO :"service";
\if :has_moderator
    SELECT 'CREATE ROLE atelier_qa_moderator'
    WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'atelier_qa_moderator')
    \gexec
    ALTER ROLE atelier_qa_moderator LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE
        PASSWORD :'moderator_password';
    GRANT atelier_qa_moderating TO atelier_qa_moderator;
\endif

-- UTF-8 also where the cluster was made without a locale, or with one of another encoding.
SELECT 'CREATE DATABASE atelier_qa OWNER atelier_qa_owner ENCODING ''UTF8'' TEMPLATE template0'
    || CASE pg_encoding_to_char(encoding) WHEN 'UTF8' THEN '' ELSE ' LOCALE ''C.UTF-8''' END
FROM pg_database
WHERE datname = 'template0' AND NOT EXISTS (SELECT FROM pg_database WHERE datname = 'atelier_qa')
\gexec
REVOKE ALL ON DATABASE atelier_qa FROM PUBLIC;
GRANT CONNECT ON DATABASE atelier_qa TO atelier_qa_serving, atelier_qa_moderating;
\connect atelier_qa
ALTER SCHEMA public OWNER TO atelier_qa_owner;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
-- Large objects, which need no table, and which everybody may create otherwise.
SELECT format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', oid::regprocedure)
FROM pg_proc
WHERE pronamespace = 'pg_catalog'::regnamespace AND proname ~ '^lo_'
    AND has_function_privilege(:'service', oid, 'EXECUTE')
\gexec
