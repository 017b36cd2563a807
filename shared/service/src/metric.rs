//! A metric as a constant: what it is called, what it is, and which labels it can have.
//!
//! Each crate lists its own in one `metrics.rs`, so that dashboards, alerts and tests can name only what there is.

use metrics::{Label, counter, describe_counter, describe_gauge, describe_histogram};

/// What Prometheus shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metric {
    /// Its name, which ends with its unit, and for counters with `_total`.
    pub name: &'static str,
    /// What kind it is.
    pub kind: Kind,
    /// What it tells, in one line.
    pub help: &'static str,
    /// Its labels.
    pub labels: &'static [LabelSet],
}

/// The kinds of metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Is spread over buckets.
    Histogram,
}

/// A label and all values that it can have; none listed where they are known only when it runs, such as partitions.
pub type LabelSet = (&'static str, &'static [&'static str]);

impl Metric {
    /// A counter.
    pub const fn counter(name: &'static str, help: &'static str, labels: &'static [LabelSet]) -> Self {
        Self { name, kind: Kind::Counter, help, labels }
    }

    /// A gauge.
    pub const fn gauge(name: &'static str, help: &'static str, labels: &'static [LabelSet]) -> Self {
        Self { name, kind: Kind::Gauge, help, labels }
    }

    /// A histogram.
    pub const fn histogram(name: &'static str, help: &'static str, labels: &'static [LabelSet]) -> Self {
        Self { name, kind: Kind::Histogram, help, labels }
    }

    /// Every combination of its labels' values; empty if one's values are not listed.
    fn combinations(&self) -> Vec<Vec<Label>> {
        self.labels.iter().fold(vec![Vec::new()], |combinations, (label, values)| {
            let with = |combination: &Vec<Label>, value: &&'static str| {
                let mut longer = combination.clone();
                longer.push(Label::from_static_parts(label, value));
                longer
            };
            combinations
                .iter()
                .flat_map(|combination| values.iter().map(move |value| with(combination, value)))
                .collect()
        })
    }
}

/// Tells Prometheus what each metric is, and lets counters begin with 0: of one that appears with its first value,
/// Prometheus would miss that value, since it never saw it grow.
pub fn announce(metrics: &[Metric]) {
    for metric in metrics {
        match metric.kind {
            Kind::Counter => {
                describe_counter!(metric.name, metric.help);
                for labels in metric.combinations() {
                    counter!(metric.name, labels).increment(0);
                }
            }
            Kind::Gauge => describe_gauge!(metric.name, metric.help),
            Kind::Histogram => describe_histogram!(metric.name, metric.help),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_begin_with_each_combination_of_labels_that_is_known_beforehand() {
        let count = |labels| Metric::counter("a_total", "A.", labels).combinations().len();
        assert_eq!(count(&[]), 1);
        assert_eq!(count(&[("state", &["on", "off"]), ("method", &["read", "send", "load"])]), 6);
        assert_eq!(count(&[("state", &["on", "off"]), ("partition", &[])]), 0);
    }
}
