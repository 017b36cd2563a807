"""Rules tried in order.
  --variant re  each rule is a compiled expression without regard to case
  --variant in  literals by `in` on a copy in lower case, the others by `re`"""
import re

from common import arguments, load, measure

line = arguments()
rules, messages = load(line)
if line.variant == "in":
    parts = [(rule["pattern"], None) if rule["kind"] == "literal"
             else (None, re.compile(rule["pattern"], re.I).search) for rule in rules]

    def first(text):
        lower = text.lower()
        for i, (literal, search) in enumerate(parts):
            if (literal in lower) if search is None else (search(text) is not None):
                return i
        return -1
else:
    searches = [re.compile(re.escape(rule["pattern"]) if rule["kind"] == "literal" else rule["pattern"], re.I).search
                for rule in rules]

    def first(text):
        for i, search in enumerate(searches):
            if search(text) is not None:
                return i
        return -1

measure(f"python-{line.variant}", messages, first)
