"""AIML (python-aiml, a trie) over the same rules, each phrase anywhere in a message.

A phrase P becomes the four patterns P, P *, * P and * P *; alternatives and words that may be left out are written
out, [0-9]+ becomes *. "A word that begins with" cannot be said in AIML: those rules are left out. AIML's own priority
decides between patterns that overlap, so that its answer can differ from the first in order."""
import itertools
import os
import re
import tempfile
from xml.sax.saxutils import escape

import aiml

from common import arguments, load, measure

line = arguments()
rules, messages = load(line)
PART = re.compile(r"\(([^)]*)\)|\[([^\]]*)\]|(\S+)")
PUNCTUATION = re.compile(r"[^\w* ]")
categories = []
for number, rule in enumerate(rules):
    if "_" in rule["rive"]:
        continue
    parts = []
    for choice, optional, word in PART.findall(rule["rive"]):
        parts.append(choice.split("|") if choice else [""] + optional.split("|") if optional
                     else ["*" if word == "#" else word])
    for words in itertools.product(*parts):
        phrase = " ".join(word for word in words if word).upper()
        for form in ("{}", "{} *", "* {}", "* {} *"):
            pattern = escape(PUNCTUATION.sub(" ", form.format(phrase)))
            categories.append(f"<category><pattern>{pattern}</pattern><template>[r{number}.]</template></category>")
handle, path = tempfile.mkstemp(suffix=".aiml")
text = '<?xml version="1.0" encoding="UTF-8"?><aiml version="1.0">' + "\n".join(categories) + "</aiml>"
os.write(handle, text.encode())
os.close(handle)
kernel = aiml.Kernel()
kernel.verbose(False)
kernel.learn(path)
os.unlink(path)
ANSWER = re.compile(r"\[r(\d+)\.")
UNKNOWN = re.compile(r"[^\w.?! ]")


def decide(text):
    found = ANSWER.search(kernel.respond(UNKNOWN.sub(" ", text), "u") or "")
    return int(found[1]) if found else -1


measure("aiml-py", messages, decide)
