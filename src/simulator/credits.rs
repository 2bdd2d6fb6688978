//! What use is paid with: AI credits, and premium requests before there were any.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::deeds::{Deed, Feature};
use super::world::Person;

/// The first day on which credits are counted instead of requests.
const CREDITS_SINCE: NaiveDate = NaiveDate::from_ymd_opt(2026, 6, 1).expect("a date");

/// What is counted of people's use, each for a time of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meter {
    /// A quarter for a prompt and a twentieth for what came of it; completions are free.
    AiCredits,
    /// One for a prompt.
    PremiumRequests,
}

impl Meter {
    const ALL: [Self; 2] = [Self::AiCredits, Self::PremiumRequests];

    /// The meter of this name in paths.
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|meter| meter.name() == name)
    }

    /// The name in paths.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::AiCredits => "ai_credit",
            Self::PremiumRequests => "premium_request",
        }
    }

    /// Whether this is what is counted on `day`.
    pub(super) fn runs_on(self, day: NaiveDate) -> bool {
        (self == Self::AiCredits) == (day >= CREDITS_SINCE)
    }

    /// Hundredths of its unit for `deeds`, by model.
    pub(super) fn read(self, deeds: &[Deed]) -> BTreeMap<&'static str, u64> {
        let mut by_model = BTreeMap::new();
        for deed in deeds.iter().filter(|deed| deed.feature != Feature::CodeCompletion) {
            let hundredths = match self {
                Self::AiCredits => 25 * deed.interactions + 5 * deed.generations,
                Self::PremiumRequests => 100 * deed.interactions,
            };
            if let Some(model) = deed.model.filter(|_| hundredths > 0) {
                *by_model.entry(model).or_default() += hundredths;
            }
        }
        by_model
    }

    /// Hundredths of its unit that come with a person's seat every month, free of further charge.
    pub(super) fn included(self, person: &Person) -> u64 {
        match (self, person.plan_type()) {
            (Self::AiCredits, "enterprise") => 5_000,
            (Self::AiCredits, _) => 2_000,
            (Self::PremiumRequests, "enterprise") => 15_000,
            (Self::PremiumRequests, _) => 5_000,
        }
    }
}
