'use strict';
// Rules tried in order, as a plain Node bot does.
//   --variant regex     each rule is a RegExp without regard to case
//   --variant includes  literals by String.includes on a copy in lower case, the others by RegExp
const { load, measure, option } = require('./common');
const variant = option('variant');
const { rules, messages } = load();
const escape = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
let first;
if (variant === 'includes') {
  const literals = rules.map((rule) => (rule.kind === 'literal' ? rule.pattern : null));
  const others = rules.map((rule) => (rule.kind === 'literal' ? null : new RegExp(rule.pattern, 'i')));
  first = (text) => {
    const lower = text.toLowerCase();
    for (let i = 0; i < literals.length; i++) {
      if (literals[i] !== null ? lower.includes(literals[i]) : others[i].test(text)) return i;
    }
    return -1;
  };
} else {
  const all = rules.map((rule) => new RegExp(rule.kind === 'literal' ? escape(rule.pattern) : rule.pattern, 'i'));
  first = (text) => {
    for (let i = 0; i < all.length; i++) if (all[i].test(text)) return i;
    return -1;
  };
}
measure(`node-${variant}`, messages, first);
