"""What the document says in words only, because JSON Schema has none for it, told to Schemathesis."""

import re

import schemathesis

INTEGER_BITS = 64


def is_described(value):
    """Whether a JSON value keeps the limits that `info.description` sets for all of a body."""
    if isinstance(value, dict):
        return all("\0" not in name and is_described(child) for name, child in value.items())
    if isinstance(value, list):
        return all(map(is_described, value))
    if isinstance(value, int):
        return -(2**(INTEGER_BITS - 1)) <= value < 2**(INTEGER_BITS - 1)
    return True


@schemathesis.hook
def filter_body(context, body):
    return is_described(body)


@schemathesis.hook
def before_call(context, case, kwargs):
    """One of body and query string must name the product, and one of header and cookie the voter who takes a vote
    back."""
    if (case.operation.label == "POST /qa/questions" and isinstance(case.body, dict)
            and "product_id" not in case.body and "product_id" not in (case.query or {})):
        case.query = {**(case.query or {}), "product_id": 1}
    if (case.operation.label.startswith("DELETE ") and not (case.headers or {}).get("Qa-Voter")
            and not (case.cookies or {}).get("qa_voter")):
        case.headers = {**(case.headers or {}), "Qa-Voter": "a-voter-of-schemathesis"}


COOKIE = re.compile(r"[!#-+\--:<-\[\]-~]*")  # RFC 6265, 4.1.1


@schemathesis.hook
def filter_headers(context, headers):
    """Blanks around a value are none of it (RFC 9110, 5.5)."""
    return all(str(value) == str(value).strip() for value in (headers or {}).values())


@schemathesis.hook
def filter_cookies(context, cookies):
    """What ends a cookie's value, or is quoted on its way, arrives as another one."""
    return all(COOKIE.fullmatch(str(value)) for value in (cookies or {}).values())


@schemathesis.hook
def filter_case(context, case):
    """A cookie is not looked at beside the header that says the same."""
    return not ((case.headers or {}).get("Qa-Voter") and "qa_voter" in (case.cookies or {}))
