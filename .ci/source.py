"""Rust files as the checks in this folder read them. Plain Python, no packages."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

TOKEN = re.compile(
    r"""
    (?P<line>//[^\n]*)
  | (?P<block>/\*)
  | (?P<raw>\bb?r(?P<hashes>\#*)")
  | (?P<string>b?"(?:[^"\\]|\\.)*")
  | (?P<char>b?'(?:[^'\\\n]|\\(?:x[0-9a-fA-F]{2}|u\{[^}]*\}|.))')
    """,
    re.VERBOSE | re.DOTALL,
)


def blank(text):
    """A text of as many lines as this one, and nothing else."""
    return "\n" * text.count("\n")


def code(text):
    """A Rust file without comments and literals; line numbers stay."""
    parts, start = [], 0
    while found := TOKEN.search(text, start):
        parts.append(text[start:found.start()])
        end = found.end()
        if found["block"]:
            depth = 1
            while depth:
                step = re.compile(r"/\*|\*/").search(text, end)
                if not step:
                    end = len(text)
                    break
                depth += 1 if step[0] == "/*" else -1
                end = step.end()
        elif found["raw"]:
            close = text.find('"' + found["hashes"], end)
            end = len(text) if close < 0 else close + 1 + len(found["hashes"])
        literal = text[found.start():end]
        # Something has to stand between the tokens around a literal.
        parts.append(blank(literal) if found["line"] else '""' + blank(literal))
        start = end
    parts.append(text[start:])
    return "".join(parts)


def line_of(text, position):
    """The number, from 1, of the line that a position is on."""
    return text.count("\n", 0, position) + 1


def closing(text, position):
    """The position behind the brace that closes the one at a position."""
    depth = 0
    for step in re.compile(r"[{}]").finditer(text, position):
        depth += 1 if step[0] == "{" else -1
        if not depth:
            return step.end()
    return len(text)


def without_tests(text):
    """Code without its items under `#[cfg(test)]` and `#[cfg(doc)]`; line numbers stay."""
    while found := re.search(r"#\[cfg\((?:test|doc)\)\]", text):
        end = re.compile(r"[{;]").search(text, found.end())
        if not end:
            stop = len(text)
        elif end[0] == "{" and not re.search(r"\buse\b", text[found.end():end.start()]):
            stop = closing(text, end.start())
        else:
            stop = text.find(";", end.start()) + 1 or len(text)
        text = text[:found.start()] + blank(text[found.start():stop]) + text[stop:]
    return text


def rust_files(folder):
    """The Rust files of a folder, without those that a build left."""
    return sorted(
        path for path in Path(folder).rglob("*.rs") if "target" not in path.relative_to(ROOT).parts
    )
