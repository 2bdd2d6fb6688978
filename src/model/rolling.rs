//! How many people of a team were active over a week or a month: the only thing for which people are remembered.
//!
//! One bit per day for each pair of user and team, in memory only. Each day counts by the teams and the activity of that
//! day.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{Days, NaiveDate};

use super::{
    memberships::{Membership, Memberships, bit, union},
    usage::Totals,
};

/// Days of a week and of what GitHub calls a month.
const WINDOWS: [u32; 2] = [7, 28];

/// Who was active as a member of which team on which days.
#[derive(Clone, Default)]
pub struct Rolling {
    marks: Vec<Membership>,
    /// The days of which it is known who was active.
    known: BTreeSet<NaiveDate>,
}

/// People by team over the time up to a day; nothing while not all of its days are known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// On 7 days. A team that is missing had nobody.
    pub weekly: Option<BTreeMap<u64, i64>>,
    /// On 28 days.
    pub monthly: Option<BTreeMap<u64, i64>>,
}

impl Reach {
    /// Puts the people of one team into its totals.
    pub(super) fn of(&self, team: u64, totals: &mut Totals) {
        let people = |window: &Option<BTreeMap<u64, i64>>| {
            window.as_ref().map(|people| people.get(&team).copied().unwrap_or_default())
        };
        totals.weekly_active_users = people(&self.weekly);
        totals.monthly_active_users = people(&self.monthly);
    }
}

impl Rolling {
    /// Takes in days that were joined; what was known of them before is forgotten. `active` has the days of activity
    /// beside every entry of `memberships`.
    pub fn take(&mut self, days: &BTreeSet<NaiveDate>, memberships: &Memberships, active: &[u64]) {
        let taken = bits(days);
        for mark in &mut self.marks {
            mark.days &= !taken;
        }
        let entries = memberships.entries.iter().zip(active);
        let new = entries.map(|(entry, active)| Membership { days: active & taken, ..*entry });
        self.marks = union(std::mem::take(&mut self.marks), new);
        self.known.extend(days);
    }

    /// Takes note that GitHub has nothing about a day: nobody was active.
    pub fn quiet(&mut self, day: NaiveDate) {
        if self.known.insert(day) {
            self.keep();
        }
    }

    /// Forgets the days before one. Must be called before their bits mean other days.
    pub fn forget_before(&mut self, day: NaiveDate) {
        let kept = self.known.split_off(&day);
        if std::mem::replace(&mut self.known, kept) != self.known {
            self.keep();
        }
    }

    /// Whether it is known who was active on that day.
    pub fn knows(&self, day: NaiveDate) -> bool {
        self.known.contains(&day)
    }

    /// The people of every team up to `day`.
    pub fn reach(&self, day: NaiveDate) -> Reach {
        let [weekly, monthly] = WINDOWS.map(|length| self.window(day, length));
        Reach { weekly, monthly }
    }

    fn window(&self, day: NaiveDate, length: u32) -> Option<BTreeMap<u64, i64>> {
        let days: BTreeSet<NaiveDate> =
            (0..length).map(|back| day.checked_sub_days(Days::new(back.into()))).collect::<Option<_>>()?;
        if !days.is_subset(&self.known) {
            return None;
        }
        let window = bits(&days);
        let mut people: HashMap<u64, i64> = HashMap::new();
        for mark in self.marks.iter().filter(|mark| mark.days & window != 0) {
            *people.entry(mark.team).or_default() += 1;
        }
        Some(people.into_iter().collect())
    }

    /// Drops the bits of days that are not known.
    fn keep(&mut self) {
        let known = bits(&self.known);
        self.marks.retain_mut(|mark| {
            mark.days &= known;
            mark.days != 0
        });
    }
}

/// What it holds is personal: its size is all that is shown.
impl std::fmt::Debug for Rolling {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rolling").field("marks", &self.marks.len()).field("known", &self.known).finish()
    }
}

fn bits(days: &BTreeSet<NaiveDate>) -> u64 {
    days.iter().fold(0, |bits, day| bits | bit(*day))
}
