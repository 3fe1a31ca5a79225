"""What the document says in words only, because JSON Schema has none for it, told to Schemathesis."""

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
    """One of body and query string must name the product."""
    if (case.operation.label == "POST /qa/questions" and isinstance(case.body, dict)
            and "product_id" not in case.body and "product_id" not in (case.query or {})):
        case.query = {**(case.query or {}), "product_id": 1}
