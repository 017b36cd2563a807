"""What the Python peers share. One process is one peer; it prints one line of JSON."""
import argparse
import json
from pathlib import Path


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--variant", default="")
    parser.add_argument("--rules", type=Path, required=True)
    parser.add_argument("--messages", type=Path, required=True)
    return parser.parse_args()


def load(line):
    rules = json.loads(line.rules.read_text("utf-8"))["rules"]
    messages = []
    for row in line.messages.read_text("utf-8").rstrip("\n").split("\n"):
        expected, _, text = row.split("\t", 2)
        messages.append((int(expected), text))
    return rules, messages


def processor_time():
    """Nanoseconds for which this thread has had a processor: what others do with it meanwhile does not count."""
    with open("/proc/self/schedstat") as file:
        return int(file.read().split(" ")[0])


def measure(row, messages, decide, budget=4e9):
    """Answers messages for some seconds, after a second of warming up, and judges the answers."""
    begun = processor_time()
    for i in range(1000):
        if i >= 3 and processor_time() - begun > 1e9:
            break
        decide(messages[i % len(messages)][1])
    expected = right = wrong = count = spent = 0
    begun = processor_time()
    while count < len(messages) and spent < budget:
        # In groups, so that reading the clock costs nothing.
        for rule, text in messages[count:count + 20]:
            found = decide(text)
            count += 1
            expected += rule >= 0
            right += found >= 0 and found == rule
            wrong += found >= 0 and found != rule
        spent = processor_time() - begun
    print(json.dumps(dict(row=row, messages=count, expected=expected, right=right, wrong=wrong,
                          mps=round(count / (spent / 1e9), 1))))
