//! How long answers took: a histogram of fixed size, whatever the number of answers.

use std::time::Duration;

/// The upper ends of the steps, in milliseconds; what took longer than the last is in a step of its own.
pub const CEILINGS_MS: [u64; 22] = [
    10, 20, 30, 50, 75, 100, 150, 200, 300, 500, 750, 1_000, 1_500, 2_000, 3_000, 5_000, 7_500, 10_000,
    15_000, 20_000, 30_000, 60_000,
];

/// Answers by how long they took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Latencies([u64; CEILINGS_MS.len() + 1]);

impl Latencies {
    /// From counts in the order of the steps; what is missing is 0, what is too much goes to the last step.
    #[must_use]
    pub fn of(counts: &[u64]) -> Self {
        let mut latencies = Self::default();
        for (step, count) in counts.iter().enumerate() {
            latencies.0[step.min(CEILINGS_MS.len())] += count;
        }
        latencies
    }

    /// The counts in the order of the steps, without zeros at the end.
    #[must_use]
    pub fn counts(&self) -> &[u64] {
        let used = self.0.iter().rposition(|count| *count > 0).map_or(0, |last| last + 1);
        &self.0[..used]
    }

    /// Takes note of one answer.
    pub fn note(&mut self, took: Duration) {
        // A time of exactly the upper end belongs to the step.
        self.0[CEILINGS_MS.partition_point(|ceiling| Duration::from_millis(*ceiling) < took)] += 1;
    }

    /// Adds the answers of another histogram.
    pub fn add(&mut self, other: &Self) {
        for (count, more) in self.0.iter_mut().zip(other.0) {
            *count += more;
        }
    }

    /// All answers.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    /// The time within which `percent` of the answers came: the upper end of the step where they are reached. `None` where
    /// there are no answers, or it is beyond the last step.
    #[must_use]
    pub fn within(&self, percent: u64) -> Option<Duration> {
        let total = self.total();
        if total == 0 {
            return None;
        }
        let mut sum = 0;
        let reached = self.0.iter().position(|count| {
            sum += count;
            u128::from(sum) * 100 >= u128::from(total) * u128::from(percent)
        });
        reached.and_then(|step| CEILINGS_MS.get(step)).map(|ceiling| Duration::from_millis(*ceiling))
    }

    /// The steps between the first and the last one with answers: lower end, upper end if it has one, answers.
    pub fn steps(&self) -> impl Iterator<Item = (Duration, Option<Duration>, u64)> + '_ {
        let first = self.0.iter().position(|count| *count > 0).unwrap_or(0);
        let end = |step: usize| CEILINGS_MS.get(step).map(|ceiling| Duration::from_millis(*ceiling));
        (first..self.counts().len()).map(move |step| {
            let start = step.checked_sub(1).and_then(end).unwrap_or_default();
            (start, end(step), self.0[step])
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(times: &[u64]) -> Latencies {
        let mut latencies = Latencies::default();
        for time in times {
            latencies.note(Duration::from_millis(*time));
        }
        latencies
    }

    #[test]
    fn a_time_is_in_the_step_that_it_ends() {
        let latencies = of(&[0, 10, 11, 20, 60_000, 60_001, 900_000]);
        let steps: Vec<_> = latencies.steps().filter(|step| step.2 > 0).collect();
        let ms = Duration::from_millis;
        assert_eq!(
            steps,
            [
                (ms(0), Some(ms(10)), 2),
                (ms(10), Some(ms(20)), 2),
                (ms(30_000), Some(ms(60_000)), 1),
                (ms(60_000), None, 2)
            ]
        );
        assert_eq!(latencies.total(), 7);
        assert_eq!(Latencies::of(latencies.counts()), latencies);
        assert_eq!(Latencies::default().counts(), [0; 0]);
    }

    #[test]
    fn shares_are_reached_at_the_upper_end_of_a_step() {
        let latencies = of(&[5, 15, 25, 45, 60, 90, 120, 180, 250, 70_000]);
        let within =
            [10, 11, 50, 90, 91].map(|percent| latencies.within(percent).map(|time| time.as_millis()));
        assert_eq!(within, [Some(10), Some(20), Some(75), Some(300), None]);
        assert_eq!(Latencies::default().within(50), None);
    }

    #[test]
    fn runs_add_up() {
        let (mut one, two) = (of(&[5, 500]), of(&[5, 90_000]));
        one.add(&two);
        assert_eq!(one, of(&[5, 5, 500, 90_000]));
    }
}
