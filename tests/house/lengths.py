"""Files below 800 lines, functions below 70 (design.md, section 7). Usage: lengths.py ROOT"""
import ast
import re
import sys

import tree

LONGEST_FILE = 799
LONGEST_FUNCTION = 69

SCOPE = re.compile(r"\b(namespace|class|struct|union|enum|extern)\b")


def starts_function(head):
    """Whether a brace opens a function's body; `head` is what stands before it in its statement."""
    if "(" not in head:
        return False
    before = head.split("(")[0]
    if re.search(r"\b(class|struct|union|enum)\b", before) and ")" not in head:
        return False
    return not re.match(r"\s*(namespace|extern)\b", head) and not re.search(r"(?<![=!<>])=(?!=)[^()]*$", before)


def stands_within_head(head):
    """A brace of a default argument, `f(int a = {`, or of a constructor's member, `: a_(1), b_{`: the head goes on."""
    if head.count("(") > head.count(")"):
        return True
    return bool(re.search(r"\)\s*(noexcept\s*)?:[^:].*[\w>]\s*$|\)\s*(noexcept\s*)?:\s*\w+\s*$", head, re.DOTALL))


def functions_of(text):
    """(first line, lines, head) of each function in C++ text. Lambdas count towards the function around them."""
    code = tree.without_comments_and_strings(text)
    code = re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", lambda found: re.sub(r"[^\n]", " ", found.group()), code,
                  flags=re.MULTILINE)
    scopes = []  # (is a function, first line, head, where the head began)
    start = 0
    line = 1
    for at, letter in enumerate(code):
        if letter == "\n":
            line += 1
        elif letter == "{":
            head = code[start:at]
            inside = any(scope[0] for scope in scopes)
            within = not inside and stands_within_head(head)
            is_function = not inside and not within and starts_function(head)
            first = line - head.lstrip().count("\n")
            scopes.append((is_function, first, head.strip(), start))
            start = start if within else at + 1
        elif letter == "}" and scopes:
            is_function, first, head, head_start = scopes.pop()
            if is_function:
                yield first, line - first + 1, " ".join(head.split())
            if start != head_start or is_function:
                start = at + 1
        elif letter == ";" and not any(scope[0] for scope in scopes):
            start = at + 1


def python_functions_of(text):
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.lineno, node.end_lineno - node.lineno + 1, node.name


def check(root):
    problems = []
    for path in tree.files(root, suffixes=(".h", ".cc", ".py", ".sh")):
        text = path.read_text(encoding="utf-8")
        count = text.count("\n")
        if count > LONGEST_FILE:
            problems.append(f"{path}: {count} lines, more than {LONGEST_FILE}")
        functions = {".py": python_functions_of, ".sh": lambda _: ()}.get(path.suffix, functions_of)
        problems += (f"{path}:{first}: {lines} lines, more than {LONGEST_FUNCTION}: {head[:80]}"
                     for first, lines, head in functions(text) if lines > LONGEST_FUNCTION)
    return problems


if __name__ == "__main__":
    sys.exit(tree.report(check(sys.argv[1])))
