//! Medians and spread of repeated measurements.

use std::fmt;

/// What was measured several times.
pub struct Sample(Vec<f64>);

impl Sample {
    /// # Panics
    /// Where there is nothing.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.into_iter().collect();
        assert!(!values.is_empty(), "something was measured");
        values.sort_by(f64::total_cmp);
        Self(values)
    }

    pub fn median(&self) -> f64 {
        let middle = self.0.len() / 2;
        if self.0.len() % 2 == 1 { self.0[middle] } else { f64::midpoint(self.0[middle - 1], self.0[middle]) }
    }

    fn ends(&self) -> (f64, f64) {
        (self.0[0], self.0[self.0.len() - 1])
    }
}

/// The median, and between which values all are: `1.05 (1.01–1.22)`, with as many decimals as are asked for.
impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (decimals, (least, most)) = (f.precision().unwrap_or(0), self.ends());
        write!(f, "{:.decimals$} ({least:.decimals$}–{most:.decimals$})", self.median())
    }
}
