"""The most similar phrase by rapidfuzz, scanning all: messages are those with typing errors. Expressions take no part.
  --variant ratio    the whole message
  --variant partial  the part of it that is most similar"""
from rapidfuzz import fuzz, process

from common import arguments, load, measure

line = arguments()
rules, messages = load(line)
phrases = [(number, rule["pattern"]) for number, rule in enumerate(rules) if rule["kind"] == "literal"]
texts = [text for _, text in phrases]
scorer = fuzz.partial_ratio if line.variant == "partial" else fuzz.ratio


def decide(text):
    found = process.extractOne(text.lower(), texts, scorer=scorer, score_cutoff=80)
    return phrases[found[2]][0] if found else -1


measure(f"rapidfuzz-{line.variant}", messages, decide)
