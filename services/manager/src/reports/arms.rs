//! How sure a difference between arms is, for somebody who looks as often as they like and stops when they like.
//!
//! A test that is made for one look finds differences that are not there if it is made again and again. What is computed
//! here stays below its error however often it is looked at, since it is bounded at all times at once (Ville's inequality):
//! - A rate's interval holds every p for which the likelihood of what was seen, mixed over a uniform prior, is less than
//!   1/α times its likelihood under p. The ratio is a martingale under the true p (Robbins 1970; Howard, Ramdas, `McAuliffe`
//!   and Sekhon 2021, "Time-uniform, nonparametric, nonasymptotic confidence sequences", Annals of Statistics 49(2)).
//! - That the arms differ is weighed by the product of these mixtures over the arms, against the largest likelihood that
//!   one rate for all can give (Turner, Ly and Grünwald 2021, "Generic e-variables for exact sequential k-sample tests that
//!   allow for optional stopping").

use serde_json::json;

use super::table::Table;

/// How often an interval may miss at all.
const ALPHA: f64 = 0.05;

/// Of `of` people, how many came to the goal.
#[derive(Debug, Clone, Copy)]
struct Arm {
    of: u64,
    goals: u64,
}

/// Adds the interval of each arm's rate, and says how sure it is that they differ.
pub(super) fn judge(table: &mut Table) -> Vec<String> {
    let (Some(finished), Some(goals)) = (table.column("finished"), table.column("goals")) else {
        return Vec::new();
    };
    let number = |row, column| table.number(row, column).unwrap_or_default();
    let arms: Vec<Arm> = (0..table.rows.len())
        .map(|row| Arm { of: number(row, finished), goals: number(row, goals).min(number(row, finished)) })
        .collect();
    table.columns.extend(["rate_low".to_owned(), "rate_high".to_owned()]);
    for (row, arm) in table.rows.iter_mut().zip(&arms) {
        let (low, high) = interval(*arm);
        row.extend([json!(rounded(low)), json!(rounded(high))]);
    }
    if arms.len() < 2 {
        return Vec::new();
    }
    let sure = confidence(&arms) * 100.0;
    vec![format!(
        "that the rates differ is {sure:.1} % sure, and each interval 95 %, however often you look; people who are still \
         under way are not counted"
    )]
}

fn rounded(share: f64) -> f64 {
    (share * 10_000.0).round() / 10_000.0
}

/// How sure it is that not all rates are one, from 0 to 1.
fn confidence(arms: &[Arm]) -> f64 {
    let all = Arm { of: arms.iter().map(|arm| arm.of).sum(), goals: arms.iter().map(|arm| arm.goals).sum() };
    let one_rate = ln_likelihood(all, share(all.goals, all.of));
    let evidence = arms.iter().map(|arm| ln_mixture(*arm)).sum::<f64>() - one_rate;
    (1.0 - (-evidence).exp()).max(0.0)
}

/// The rates that cannot be ruled out.
fn interval(arm: Arm) -> (f64, f64) {
    let limit = ln_mixture(arm) + ALPHA.ln();
    let middle = share(arm.goals, arm.of);
    let inside = |rate: f64| ln_likelihood(arm, rate) > limit;
    let edge = |mut inner: f64, mut outer: f64| {
        if inside(outer) {
            return outer;
        }
        for _ in 0..60 {
            let half = f64::midpoint(inner, outer);
            if inside(half) { inner = half } else { outer = half }
        }
        outer
    };
    (edge(middle, 0.0), edge(middle, 1.0))
}

/// The logarithm of the likelihood mixed over all rates alike: B(goals + 1, others + 1).
fn ln_mixture(arm: Arm) -> f64 {
    ln_factorial(arm.goals) + ln_factorial(arm.of - arm.goals) - ln_factorial(arm.of + 1)
}

fn ln_likelihood(arm: Arm, rate: f64) -> f64 {
    let times = |count: u64, share: f64| if count == 0 { 0.0 } else { float(count) * share.ln() };
    times(arm.goals, rate) + times(arm.of - arm.goals, 1.0 - rate)
}

fn share(count: u64, of: u64) -> f64 {
    if of == 0 { 0.5 } else { float(count) / float(of) }
}

/// ln(n!), by Stirling's series where it is exact to the last digits.
fn ln_factorial(n: u64) -> f64 {
    if n < 20 {
        return (2..=n).map(|k| float(k).ln()).sum();
    }
    let n = float(n);
    n * n.ln() - n + (2.0 * std::f64::consts::PI * n).ln() / 2.0 + 1.0 / (12.0 * n)
        - 1.0 / (360.0 * n.powi(3))
        + 1.0 / (1260.0 * n.powi(5))
}

#[expect(clippy::cast_precision_loss, reason = "nobody counts people beyond 2^52")]
const fn float(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers from 0 to 1 that are the same each time (`SplitMix64`).
    fn chance(state: &mut u64) -> f64 {
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = *state;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        float((bits ^ (bits >> 31)) >> 11) / float(1 << 53)
    }

    /// How many of 400 experiments of 1,500 people look sure at some time, looked at after each person.
    fn sure_at_some_time(rates: [f64; 2]) -> usize {
        let mut state = 7;
        let experiments = (0..400).filter(|_| {
            let mut arms = [Arm { of: 0, goals: 0 }; 2];
            (0..1500).any(|_| {
                let arm = usize::from(chance(&mut state) < 0.5);
                arms[arm].of += 1;
                arms[arm].goals += u64::from(chance(&mut state) < rates[arm]);
                confidence(&arms) >= 0.95
            })
        });
        experiments.count()
    }

    #[test]
    fn peeking_finds_no_more_than_the_level() {
        for rate in [0.02, 0.3, 0.5] {
            let found = sure_at_some_time([rate, rate]);
            assert!(found <= 20, "{found} of 400 at {rate}");
        }
        let found = sure_at_some_time([0.3, 0.45]);
        assert!(found > 380, "a difference that is there is found: {found} of 400");
    }

    #[test]
    fn an_interval_holds_the_rate_at_all_times() {
        for rate in [0.05, 0.5, 0.97] {
            let mut state = 11;
            let missed = (0..100).filter(|_| {
                let mut arm = Arm { of: 0, goals: 0 };
                (0..400).any(|_| {
                    arm.of += 1;
                    arm.goals += u64::from(chance(&mut state) < rate);
                    let (low, high) = interval(arm);
                    assert!(low <= share(arm.goals, arm.of) && share(arm.goals, arm.of) <= high);
                    !(low..=high).contains(&rate)
                })
            });
            assert!(missed.count() <= 5, "at {rate}");
        }
    }

    #[test]
    fn factorials_are_exact_where_the_series_begins() {
        let sum = |n: u64| (2..=n).map(|k| float(k).ln()).sum::<f64>();
        for n in [0, 1, 19, 20, 21, 1000] {
            assert!((ln_factorial(n) - sum(n)).abs() < 1e-9, "{n}");
        }
    }

    #[test]
    fn nothing_seen_says_nothing() {
        assert_eq!(interval(Arm { of: 0, goals: 0 }), (0.0, 1.0));
        assert!(confidence(&[Arm { of: 0, goals: 0 }; 2]).abs() < 1e-12);
    }
}
