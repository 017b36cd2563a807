'use strict';
// What the Node peers share. One process is one peer; it prints one line of JSON.
const fs = require('fs');

function option(name) {
  const place = process.argv.indexOf(`--${name}`);
  if (place < 0) throw new Error(`--${name} is missing`);
  return process.argv[place + 1];
}

function load() {
  const rules = JSON.parse(fs.readFileSync(option('rules'), 'utf8')).rules;
  const lines = fs.readFileSync(option('messages'), 'utf8').trimEnd().split('\n');
  const messages = lines.map((line) => {
    const [expected, , text] = line.split('\t');
    return { expected: Number(expected), text };
  });
  return { rules, messages };
}

// Nanoseconds for which this thread has had a processor: what others do with it meanwhile does not count.
const processorTime = () => Number(fs.readFileSync('/proc/self/schedstat', 'utf8').split(' ')[0]);

// Answers messages for some seconds, after a second of warming up, and judges the answers.
function measure(row, messages, decide, budget = 4e9) {
  let begun = processorTime();
  for (let i = 0; i < 1000 && (i < 3 || processorTime() - begun < 1e9); i++) decide(messages[i % messages.length].text);
  const line = { row, messages: 0, expected: 0, right: 0, wrong: 0 };
  begun = processorTime();
  let spent = 0;
  while (line.messages < messages.length && spent < budget) {
    // In groups, so that reading the clock costs nothing.
    for (const message of messages.slice(line.messages, line.messages + 20)) {
      const found = decide(message.text);
      line.messages++;
      if (message.expected >= 0) line.expected++;
      if (found >= 0) found === message.expected ? line.right++ : line.wrong++;
    }
    spent = processorTime() - begun;
  }
  line.mps = Math.round(line.messages / (spent / 1e9) * 10) / 10;
  console.log(JSON.stringify(line));
}

module.exports = { load, measure, option };
