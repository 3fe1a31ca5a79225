-- A photo's URL may begin with a host and a port, such as img.example:8080 or localhost:8080, as it may
-- begin with a host, or with an IP address and a port. The service's own check is text_is_photo_url in
-- src/qa/text.c: a name without a point stays a scheme, or javascript:1/x would be allowed.
--
-- NOT VALID: what is stored met a stricter constraint. No table is locked.
ALTER DOMAIN photo_url DROP CONSTRAINT photo_url_check;
ALTER DOMAIN photo_url ADD CONSTRAINT photo_url_check CHECK (
    VALUE <> ''
    AND (octet_length(VALUE) <= 2048 OR char_length(VALUE) <= 2048)
    AND VALUE !~ ('[' || white_space() || U&'\0001-\001F\007F-\009F]')
    AND (starts_with(VALUE, 'https://')
         OR VALUE !~ '^[A-Za-z][A-Za-z0-9+.-]*:' OR VALUE ~* '^https?:'
         OR VALUE ~ ('^([A-Za-z][A-Za-z0-9-]*\.[A-Za-z0-9.-]*|[Ll][Oo][Cc][Aa][Ll][Hh][Oo][Ss][Tt])'
                     ':[0-9]{1,5}([/?#]|$)'))) NOT VALID;
