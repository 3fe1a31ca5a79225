"""What moderators and the owner do with items and persons: the commands `atelier-qa moderate` and `atelier-qa person`."""

import json
import os
import subprocess

import seed

KINDS = {"questions": "question", "answers": "answer"}
ERNA, EMIL = "e" * 24 + "rna", "e" * 24 + "mil"  # tokens of moderators
HOSTILE = "<img src=x onerror=\"document.title = 'caught'\"> </script>\U0001f9e6 & 'quoted'"


class Items:
    """A question with an answer, by their names in the API."""

    def __init__(self, stack, **columns):
        self.product, self.question, self.answer = seed.question_with_answer(stack, **columns)
        self.questions = f"questions/{self.question}"
        self.answers = f"answers/{self.answer}"

    def shown(self, api):
        """Which of the two the product's page shows."""
        shown = {"questions": bool(api.questions(self.product)), "answers": bool(api.answers(self.question))}
        alone = api.get(f"/qa/questions/{self.question}")
        assert alone.status_code == (200 if shown["questions"] else 404)
        assert not shown["questions"] or bool(alone.json()["answers"]) == shown["answers"]
        assert api.get(f"/qa/counts?product_ids={self.product}").json()["results"][0]["questions"] == int(
            shown["questions"])
        return shown


def environment(stack, **more):
    """Of a command that works on the stack's database and tells its service."""
    return {**os.environ, "QA_STATE_DIR": str(stack.folder),
            "QA_SHARED_FILE": str(max(stack.sockets.glob("versions.*[0-9]"))), **more}


def moderate(stack, *arguments, status=0, **more):
    """What the command prints, as JSON where it is asked for."""
    told = _run(stack, ["moderate", *arguments], status, "", {
        "QA_MODERATION_DATABASE_URL_FILE": str(stack.folder / "secrets/moderator-url"), **more})
    return json.loads(told) if status == 0 and "--json" in arguments else told


def person(stack, *arguments, status=0, text="", **more):
    """What the command prints; `text` is its standard input."""
    told = _run(stack, ["person", *arguments], status, text, {
        "QA_OWNER_DATABASE_URL_FILE": str(stack.folder / "secrets/owner-url"), **more})
    return json.loads(told) if status == 0 else told


def _run(stack, arguments, status, text, settings):
    """What it prints; the reason where that is not 0."""
    result = subprocess.run([stack.program, *arguments], text=True, capture_output=True, input=text,
                            env=environment(stack, **settings))
    assert result.returncode == status, (result.stdout, result.stderr)
    return result.stdout if status == 0 else result.stderr


def described(stack, item):
    return moderate(stack, "show", item, "--json")["item"]


def report(api, item, body=None, **options):
    response = api.put(f"/qa/{item}/report", json=body, **options)
    assert response.status_code == 204, response.text
