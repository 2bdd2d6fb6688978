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
    /// Puts the people of one team into its totals, where they are known.
    pub(super) fn of(&self, team: u64, totals: &mut Totals) {
        let people = |window: &Option<BTreeMap<u64, i64>>| {
            window.as_ref().map(|people| people.get(&team).copied().unwrap_or_default())
        };
        totals.weekly_active_users = people(&self.weekly).or(totals.weekly_active_users);
        totals.monthly_active_users = people(&self.monthly).or(totals.monthly_active_users);
    }
}

impl Rolling {
    /// Takes in days that were joined; what was known of them before is forgotten. `active` has the days of activity
    /// beside every entry of `memberships`.
    pub fn take(&mut self, days: &BTreeSet<NaiveDate>, memberships: &Memberships, active: &[u64]) {
        let taken = bits(days);
        self.unmark(taken);
        let entries = memberships.entries.iter().zip(active);
        let new = entries.map(|(entry, active)| Membership { days: active & taken, ..*entry });
        self.marks = union(std::mem::take(&mut self.marks), new);
        self.known.extend(days);
    }

    /// Takes note that GitHub has nothing about a day: nobody was active.
    pub fn quiet(&mut self, day: NaiveDate) {
        if self.known.insert(day) {
            self.unmark(bit(day));
        }
    }

    /// Forgets the days before one. Must be called before their bits mean other days.
    pub fn forget_before(&mut self, day: NaiveDate) {
        let kept = self.known.split_off(&day);
        let forgotten = std::mem::replace(&mut self.known, kept);
        self.unmark(bits(&forgotten));
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

    /// Drops what is held of some days.
    fn unmark(&mut self, days: u64) {
        if days != 0 {
            self.marks.retain_mut(|mark| {
                mark.days &= !days;
                mark.days != 0
            });
        }
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{github::reports::Fold, model::memberships::TeamList};

    fn day(index: u64) -> NaiveDate {
        "2026-01-01".parse::<NaiveDate>().unwrap() + Days::new(index)
    }

    /// Members, and those of them who were active.
    type Joined = (BTreeSet<(u64, u64)>, BTreeSet<u64>);

    /// Takes in days that were joined, all at once.
    fn take(rolling: &mut Rolling, joined: &BTreeMap<u64, Joined>) {
        let mut memberships = Memberships::default();
        for (index, (members, _)) in joined {
            let mut list = TeamList::of(day(*index));
            for (user, team) in members {
                let row = format!(r#"{{"user_id":{user},"team_id":{team}}}"#);
                list.row(serde_json::from_str(&row).unwrap()).unwrap();
            }
            memberships.add(list);
        }
        let mut active = vec![0; memberships.entries.len()];
        for (index, (_, users)) in joined {
            for user in users {
                for (entry, _) in memberships.of(*user, day(*index)) {
                    active[entry] |= bit(day(*index));
                }
            }
        }
        rolling.take(&joined.keys().map(|index| day(*index)).collect(), &memberships, &active);
    }

    fn joined(members: &[(u64, u64)], active: &[u64]) -> Joined {
        (members.iter().copied().collect(), active.iter().copied().collect())
    }

    /// The people of the teams over so many days up to one, by what was taken last of each day.
    fn naive(known: &BTreeMap<u64, Joined>, last: u64, length: u64) -> Option<BTreeMap<u64, i64>> {
        let mut users: BTreeMap<u64, BTreeSet<u64>> = BTreeMap::new();
        for index in (last + 1).checked_sub(length)?..=last {
            let (members, active) = known.get(&index)?;
            for (user, team) in members.iter().filter(|(user, _)| active.contains(user)) {
                users.entry(*team).or_default().insert(*user);
            }
        }
        Some(users.into_iter().map(|(team, users)| (team, users.len() as i64)).collect())
    }

    #[test]
    fn people_count_once_and_only_on_days_on_which_they_were_in_the_team() {
        let mut rolling = Rolling::default();
        let mut days: BTreeMap<_, _> = (0..7).map(|index| (index, Joined::default())).collect();
        days.insert(1, joined(&[(1, 9), (2, 9)], &[1, 3]));
        days.insert(5, joined(&[(1, 9), (1, 8), (2, 9)], &[1]));
        take(&mut rolling, &days);
        assert_eq!(rolling.reach(day(6)), Reach { weekly: Some([(8, 1), (9, 1)].into()), monthly: None });
        assert_eq!(rolling.reach(day(5)), Reach::default(), "the day before the first is not known");
        take(&mut rolling, &[(1, joined(&[(2, 9)], &[2]))].into());
        assert_eq!(rolling.reach(day(6)).weekly, Some([(8, 1), (9, 2)].into()), "a day that is read again");
    }

    #[test]
    fn what_is_known_of_a_day_reaches_the_totals_of_a_team_and_who_is_missing_had_nobody() {
        let reach = Reach { weekly: Some([(9, 2)].into()), monthly: None };
        let mut totals = Totals { monthly_active_users: Some(5), ..Totals::default() };
        reach.of(9, &mut totals);
        assert_eq!((totals.weekly_active_users, totals.monthly_active_users), (Some(2), Some(5)));
        reach.of(8, &mut totals);
        assert_eq!(totals.weekly_active_users, Some(0));
    }

    #[test]
    fn a_quiet_day_is_known_to_be_empty_unless_it_was_joined() {
        let mut rolling = Rolling::default();
        take(&mut rolling, &[(0, joined(&[(1, 9)], &[1]))].into());
        (0..7).for_each(|index| rolling.quiet(day(index)));
        assert!(rolling.knows(day(6)) && !rolling.knows(day(7)));
        assert_eq!(rolling.reach(day(6)).weekly, Some([(9, 1)].into()));
        rolling.forget_before(day(1));
        assert_eq!(rolling.reach(day(6)), Reach::default());
        assert_eq!(rolling.marks, [], "nothing is kept of people whom no window needs");
        (0..7).for_each(|index| rolling.quiet(day(index)));
        assert_eq!(rolling.reach(day(6)).weekly, Some(BTreeMap::new()), "who was active has been forgotten");
    }

    #[test]
    fn activity_on_days_that_are_not_taken_in_leaves_no_mark() {
        let mut memberships = Memberships::default();
        let mut list = TeamList::of(day(0));
        list.row(serde_json::from_str(r#"{"user_id":1,"team_id":9}"#).unwrap()).unwrap();
        memberships.add(list);
        let mut rolling = Rolling::default();
        rolling.take(&[day(1)].into(), &memberships, &[bit(day(0)) | bit(day(1))]);
        assert_eq!(rolling.marks, [Membership { user: 1, team: 9, days: bit(day(1)) }]);
    }

    #[test]
    fn days_far_ahead_that_were_a_mistake_lend_their_people_to_no_other_day() {
        let mut rolling = Rolling::default();
        let ahead = 64 * 400;
        take(&mut rolling, &[(ahead, joined(&[(1, 9)], &[1]))].into());
        (0..7).for_each(|index| rolling.quiet(day(index)));
        assert_eq!(rolling.reach(day(6)).weekly, Some(BTreeMap::new()));
        take(&mut rolling, &[(0, joined(&[(1, 9)], &[1]))].into());
        rolling.forget_before(day(ahead + 1));
        assert_eq!(rolling.marks, [], "both days are forgotten, though they have the same bit");
    }

    #[test]
    fn nobody_is_named_where_it_is_printed() {
        let mut rolling = Rolling::default();
        take(&mut rolling, &[(0, joined(&[(123_456, 9)], &[123_456]))].into());
        assert_eq!(format!("{rolling:?}"), "Rolling { marks: 1, known: {2026-01-01} }");
    }

    /// What is learnt at a time: some of the latest 40 days joined, some quiet; and how far time goes on then.
    fn news() -> impl Strategy<Value = (BTreeMap<u64, Joined>, BTreeSet<u64>, u64)> {
        let members = prop::collection::btree_set((0..4u64, 0..3u64), 0..6);
        let joined = (members, prop::collection::btree_set(0..5u64, 0..5));
        let back = prop_oneof![3 => 0..8u64, 1 => 0..40u64];
        let days = prop::collection::btree_map(back, joined, 0..12);
        (days, prop::collection::btree_set(0..40u64, 0..40), prop_oneof![4 => 0..3u64, 1 => 0..70u64])
    }

    proptest! {
        #[test]
        fn weeks_and_months_are_as_counted_with_sets_of_people(
            news in prop::collection::vec(news(), 1..12),
        ) {
            let (mut rolling, mut known, mut now) = (Rolling::default(), BTreeMap::new(), 100u64);
            for (days, quiet, later) in news {
                now += later;
                rolling.forget_before(day(now - 40));
                known.retain(|index, _| *index >= now - 40);
                let days: BTreeMap<_, _> = days.into_iter().map(|(back, joined)| (now - back, joined)).collect();
                take(&mut rolling, &days);
                known.extend(days);
                for index in quiet.into_iter().map(|back| now - back) {
                    rolling.quiet(day(index));
                    known.entry(index).or_default();
                }
                for last in now - 15..=now {
                    let (weekly, monthly) = (naive(&known, last, 7), naive(&known, last, 28));
                    prop_assert_eq!(rolling.reach(day(last)), Reach { weekly, monthly });
                    prop_assert_eq!(rolling.knows(day(last)), known.contains_key(&last));
                }
            }
        }
    }
}
