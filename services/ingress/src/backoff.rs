use std::time::Duration;

/// Pauses between tries, each about twice as long as the one before, and at random so that many do not try at once.
#[derive(Debug)]
pub struct Backoff {
    next: Duration,
    longest: Duration,
}

impl Backoff {
    /// With pauses of up to `first` at first, and up to `longest` at most.
    pub const fn new((first, longest): (Duration, Duration)) -> Self {
        Self { next: first, longest }
    }

    /// The next pause.
    pub fn pause(&mut self) -> Duration {
        let pause = self.next.mul_f64(rand::random_range(0.5..1.0));
        self.next = (self.next * 2).min(self.longest);
        pause
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_the_longest() {
        let mut backoff = Backoff::new((Duration::from_secs(1), Duration::from_secs(3)));
        for seconds in [1, 2, 3, 3] {
            let pause = backoff.pause();
            assert!(
                pause >= Duration::from_millis(seconds * 500) && pause < Duration::from_secs(seconds),
                "{pause:?}"
            );
        }
    }
}
