//! What people did, added up while it arrives: nothing of a person is left but numbers.
//!
//! The rows of a report about users become, for every day of it, the figures of the owner and of each team that somebody
//! was in on that day. See [`People`].

use std::{collections::BTreeMap, sync::Arc};

use chrono::NaiveDate;
use foldhash::HashMap;

use super::{
    memberships::{Memberships, bit},
    names::Names,
    share::{Share, Wanted},
    tally::Tally,
    usage::{DayUsage, Totals},
};
use crate::github::reports::{Fold, UserDay};

/// Nobody uses so many languages, models or editors on a day, not even multiplied with features. Adding them up takes
/// longer with the square of it.
const MOST_ELEMENTS: usize = 10_000;

/// Which days of a report are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Days {
    /// The day of a one-day report; a record of another is a mistake, and one without a day is of this.
    Only(NaiveDate),
    /// These, of a report of many; records of others are passed over.
    These(Vec<NaiveDate>),
}

impl Days {
    fn all(&self) -> &[NaiveDate] {
        match self {
            Self::Only(day) => std::slice::from_ref(day),
            Self::These(days) => days,
        }
    }
}

/// The figures of some days as they are being added up.
#[derive(Debug)]
pub struct People {
    wanted: Days,
    memberships: Arc<Memberships>,
    names: Names,
    days: BTreeMap<NaiveDate, DayFold>,
    /// Days of activity, beside every entry of the memberships.
    active: Vec<u64>,
    /// From this day on it is remembered how rows share people.
    shared_from: NaiveDate,
    /// Whether it is added up what teams did with what.
    team_detail: bool,
    /// Room for the day of one person.
    share: Share,
}

/// What people did on one day, as an owner and its teams see it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PeopleDay {
    /// How many had a record.
    pub people: i64,
    /// Of everybody: by language and editor. The totals that an owner's own report has are not in it.
    pub whole: DayUsage,
    /// Of the teams that GitHub lists, by id; nothing if its list is not there.
    pub teams: Option<BTreeMap<u64, DayUsage>>,
}

#[derive(Debug, Default)]
struct DayFold {
    whole: Tally,
    teams: HashMap<u64, Tally>,
    unlisted: i64,
}

impl People {
    /// Nothing yet of these days, to be joined with the teams of each.
    ///
    /// From `shared_from` on rows are kept, and enough to count people exactly when they are folded; that takes room. Of
    /// days before it only how names rank.
    pub fn of(wanted: Days, memberships: Arc<Memberships>, shared_from: NaiveDate) -> Self {
        let days = wanted.all().iter().map(|day| (*day, DayFold::default())).collect();
        let active = vec![0; memberships.entries.len()];
        let (names, share) = (Names::default(), Share::default());
        Self { wanted, memberships, names, days, active, shared_from, team_detail: false, share }
    }

    /// The same with what teams did by feature, editor, language and model, if that is wanted.
    #[must_use]
    pub fn with_team_detail(self, team_detail: bool) -> Self {
        Self { team_detail, ..self }
    }

    /// The figures of every day, and the days of activity beside every entry of the memberships.
    pub fn finish(self) -> (BTreeMap<NaiveDate, PeopleDay>, Vec<u64>) {
        let Self { memberships, names, days, active, shared_from, team_detail, .. } = self;
        let days = days.into_iter().map(|(day, fold)| {
            let wanted = Wanted { shown: day >= shared_from, detail: team_detail };
            (day, fold.finish(&names, memberships.seated(day), wanted))
        });
        (days.collect(), active)
    }
}

impl Fold for People {
    type Row<'de> = UserDay<'de>;

    fn begin(&self) -> Self {
        Self::of(self.wanted.clone(), Arc::clone(&self.memberships), self.shared_from)
            .with_team_detail(self.team_detail)
    }

    fn row(&mut self, row: UserDay<'_>) -> Result<(), &'static str> {
        let day = match (&self.wanted, row.day) {
            (Days::Only(day), None) => *day,
            (Days::Only(only), Some(day)) if day != *only => return Err("a record is of another day"),
            // Its figures would be missing on a day that nobody can name.
            (Days::These(_), None) => return Err("a record is of no day"),
            (_, Some(day)) => day,
        };
        let Some(fold) = self.days.get_mut(&day) else { return Ok(()) };
        if row.longest_list() > MOST_ELEMENTS {
            return Err("a record of one person has far too many elements");
        }
        let teams = self.memberships.of(row.user_id, day);
        let in_team = self.team_detail && teams.clone().next().is_some();
        let share = &mut self.share;
        share.fill(&row, &mut self.names, Wanted { shown: day >= self.shared_from, detail: in_team });
        fold.whole.add(share);
        fold.whole.add_used(share);
        let mut listed = false;
        for (entry, team) in teams {
            let tally = fold.teams.entry(team).or_default();
            tally.add(share);
            if self.team_detail {
                tally.add_used(share);
                tally.add_detail(share);
            }
            self.active[entry] |= bit(day);
            listed = true;
        }
        fold.unlisted += i64::from(!listed);
        Ok(())
    }
}

impl DayFold {
    fn finish(mut self, names: &Names, seated: Option<&BTreeMap<u64, i64>>, wanted: Wanted) -> PeopleDay {
        let people = self.whole.people;
        let mut whole = self.whole.finish(names, wanted.shown);
        // The owner's own report says the rest.
        let Totals { active_chat_users, .. } = whole.totals;
        let unlisted_active_users = seated.map(|_| self.unlisted);
        whole.totals = Totals { active_chat_users, unlisted_active_users, ..Totals::default() };
        let teams = seated.map(|seated| {
            let team = |(team, seated): (&u64, &i64)| {
                let tally = self.teams.remove(team).unwrap_or_default();
                let tally = if wanted.detail && wanted.shown { tally.with_detail() } else { tally };
                let active_users = Some(tally.people);
                let mut usage = tally.finish(names, wanted.shown);
                usage.totals = Totals { active_users, seated_users: Some(*seated), ..usage.totals };
                (*team, usage)
            };
            seated.iter().map(team).collect()
        });
        PeopleDay { people, whole, teams }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::{prelude::*, sample::subsequence};
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        github::reports::UserTeam,
        model::{
            fold::OpenLabel,
            memberships::TeamList,
            table::{Row, Weight},
            usage::Counts,
        },
    };

    /// Days that are all read, from this one on.
    fn day(index: u64) -> NaiveDate {
        "2026-11-15".parse::<NaiveDate>().unwrap() + chrono::Days::new(index)
    }

    /// Suggestions, acceptances, lines suggested, lines accepted.
    type Four = [Option<i64>; 4];

    fn counted(names: Value, [shown, accepted, suggested, added]: Four) -> Value {
        let mut element = names;
        for (name, count) in [
            ("code_generation_activity_count", shown),
            ("code_acceptance_activity_count", accepted),
            ("loc_suggested_to_add_sum", suggested),
            ("loc_added_sum", added),
        ] {
            element[name] = count.into();
        }
        element
    }

    fn ide(name: &str, generations: i64) -> Value {
        json!({"ide": name, "code_generation_activity_count": generations})
    }

    fn completed(counts: Four) -> Value {
        counted(json!({"feature": "code_completion"}), counts)
    }

    fn language(name: &str, counts: Four) -> Value {
        counted(json!({"feature": "code_completion", "language": name}), counts)
    }

    fn chat(feature: &str, turns: Option<i64>, acceptances: Option<i64>) -> Value {
        json!({"feature": feature, "user_initiated_interaction_count": turns, "code_acceptance_activity_count": acceptances})
    }

    fn person(user: u64, ides: &[Value], features: &[Value], languages: &[Value]) -> Value {
        json!({"day": day(0), "user_id": user, "totals_by_ide": ides, "totals_by_feature": features, "totals_by_language_feature": languages})
    }

    fn list(day: NaiveDate, members: &[(u64, u64)]) -> TeamList {
        let mut list = TeamList::of(day);
        for (user, team) in members {
            let row = json!({"user_id": user, "team_id": team}).to_string();
            list.row(serde_json::from_str::<UserTeam<'_>>(&row).unwrap()).unwrap();
        }
        list
    }

    /// The files of a report, one after the other.
    fn people(wanted: Days, lists: Vec<TeamList>, files: &[&[Value]]) -> Result<People, &'static str> {
        let mut memberships = Memberships::default();
        lists.into_iter().for_each(|list| memberships.add(list));
        // Of several days the first is too old to be shown.
        let shown_from = day(u64::from(matches!(wanted, Days::These(_))));
        let mut whole = People::of(wanted, Arc::new(memberships), shown_from);
        for file in files {
            for row in *file {
                whole.row(serde_json::from_str(&row.to_string()).unwrap())?;
            }
        }
        Ok(whole)
    }

    /// One day of one team, 9, with these people and nobody else.
    fn team(rows: &[Value]) -> DayUsage {
        let members: Vec<_> = rows.iter().map(|row| (row["user_id"].as_u64().unwrap(), 9)).collect();
        let people = people(Days::Only(day(0)), vec![list(day(0), &members)], &[rows]).unwrap();
        let (mut days, _) = people.finish();
        let team = days.remove(&day(0)).unwrap().teams.unwrap().remove(&9).unwrap();
        assert_eq!((&team.used, &team.detail), (&None, &None), "detail of teams was not asked for");
        team
    }

    type ShownRow = ((String, String), Four, Option<i64>);

    fn shown(rows: &[Row<2, Counts>]) -> Vec<ShownRow> {
        let shown = |Row { names: [language, editor], figures }: &Row<2, Counts>| {
            let Counts { suggestions, acceptances, lines_suggested, lines_accepted, active_users } = *figures;
            let four = [suggestions, acceptances, lines_suggested, lines_accepted];
            ((language.to_string(), editor.to_string()), four, active_users)
        };
        rows.iter().map(shown).collect()
    }

    fn expected(rows: &[(&str, &str, Four, Option<i64>)]) -> Vec<ShownRow> {
        let row = |(language, editor, counts, people): &(&str, &str, Four, Option<i64>)| {
            (((*language).to_owned(), (*editor).to_owned()), *counts, *people)
        };
        rows.iter().map(row).collect()
    }

    #[test]
    fn everybody_is_in_the_one_editor_in_which_anything_was_generated() {
        let nameless = json!({"code_generation_activity_count": 1});
        let unsaid = json!({"ide": "zed"});
        for (ides, editor) in [
            (vec![], "unknown"),
            (vec![ide("vim", 0)], "unknown"),
            (vec![ide("vim", -1)], "unknown"),
            (vec![unsaid.clone()], "unknown"),
            (vec![nameless.clone()], "unknown"),
            (vec![ide("VSCode", 1)], "vscode"),
            (vec![ide("vim", 2), ide("zed", 0), unsaid], "vim"),
            (vec![ide("vim", 2), ide(" VIM ", 3)], "vim"),
            (vec![ide("vim", 2), ide("vim", 3)], "vim"),
            (vec![ide("vim", 2), ide("zed", 1)], "multiple"),
            (vec![ide("vim", 2), nameless], "multiple"),
        ] {
            let four = [1, 1, 1, 1].map(Some);
            let usage = team(&[person(1, &ides, &[completed(four)], &[language("go", four)])]);
            assert_eq!(
                shown(&usage.completions.rows),
                expected(&[("go", editor, four, Some(1))]),
                "{ides:?}"
            );
        }
        let arrays_missing = json!({"day": day(0), "user_id": 1, "totals_by_ide": null});
        assert_eq!(team(&[arrays_missing]).completions.rows.len(), 0);
    }

    #[test]
    fn what_there_is_beyond_the_languages_is_of_an_unknown_one_each_count_by_itself() {
        let usage = team(&[person(
            1,
            &[ide("vim", 1)],
            &[completed([10, 2, 7, 0].map(Some))],
            &[language("go", [4, 2, 9, 1].map(Some)), language("c", [0, 0, 0, 0].map(Some))],
        )]);
        let rows = expected(&[
            ("go", "vim", [4, 2, 9, 1].map(Some), Some(1)),
            ("unknown", "vim", [6, 0, 0, 0].map(Some), Some(1)),
        ]);
        assert_eq!(shown(&usage.completions.rows), rows);
        let named = language("Unknown", [1, 0, 0, 0].map(Some));
        let usage = team(&[person(1, &[], &[completed([5, 0, 0, 1].map(Some))], &[named])]);
        let rows = expected(&[("unknown", "unknown", [5, 0, 0, 1].map(Some), Some(1))]);
        assert_eq!(shown(&usage.completions.rows), rows, "one row with what GitHub calls so itself");
    }

    #[test]
    fn spellings_of_a_language_are_one_row_in_which_a_person_counts_once() {
        let four = [1, 1, 1, 1].map(Some);
        let both = [language("C#", four), language("csharp", four)];
        let one = person(1, &[], &[completed([2, 2, 2, 2].map(Some))], &both);
        let other =
            person(2, &[], &[completed([0, 1, 0, 0].map(Some))], &[language("c#", [0, 1, 0, 0].map(Some))]);
        let rows = expected(&[("csharp", "unknown", [2, 3, 2, 2].map(Some), Some(1))]);
        assert_eq!(
            shown(&team(&[one, other]).completions.rows),
            rows,
            "who was shown nothing is not counted"
        );
    }

    #[test]
    fn only_chat_is_chat_and_only_completions_are_completions() {
        let mut edit = completed([90, 90, 90, 90].map(Some));
        edit["feature"] = "agent_edit".into();
        edit["user_initiated_interaction_count"] = 90.into();
        let mut foreign = language("go", [90, 90, 90, 90].map(Some));
        foreign["feature"] = "chat_inline".into();
        let chats = [chat("chat_inline", Some(2), Some(3)), chat("chat_panel_new_mode", Some(4), Some(5))];
        let features = [chats.to_vec(), vec![edit, chat("others", Some(9), Some(9)), json!({})]].concat();
        let rows = [
            person(1, &[], &features, &[foreign]),
            person(2, &[], &[chat("chat_inline", Some(0), Some(1))], &[]),
        ];
        let usage = team(&rows);
        let totals =
            Totals { chat_turns: Some(6), chat_acceptances: Some(9), active_chat_users: Some(1), ..zeros(2) };
        assert_eq!((usage.totals, usage.completions.rows.len()), (totals, 0));
    }

    /// True zeros of so many people who all count as active and are in a team.
    fn zeros(people: i64) -> Totals {
        let (active_users, seated_users) = (Some(people), Some(people));
        let none = Some(0);
        Totals {
            suggestions: none,
            acceptances: none,
            lines_suggested: none,
            lines_accepted: none,
            chat_turns: none,
            chat_acceptances: none,
            active_chat_users: none,
            active_users,
            seated_users,
            ..Totals::default()
        }
    }

    #[test]
    fn a_number_that_is_missing_makes_its_sums_unknown_and_nothing_else() {
        let four = [1, 2, 3, 4].map(Some);
        let holed = [Some(1), None, Some(3), Some(4)];
        let rows = [
            person(
                1,
                &[],
                &[completed(four), chat("chat_inline", Some(1), Some(1))],
                &[language("go", four)],
            ),
            person(
                2,
                &[],
                &[completed(holed), chat("chat_inline", None, Some(1))],
                &[language("go", holed), language("c", four)],
            ),
        ];
        let usage = team(&rows);
        let totals = Totals {
            suggestions: Some(2),
            acceptances: None,
            lines_suggested: Some(6),
            lines_accepted: Some(8),
            chat_turns: None,
            chat_acceptances: Some(2),
            active_chat_users: None,
            ..zeros(2)
        };
        assert_eq!(usage.totals, totals);
        let go = [Some(2), None, Some(6), Some(8)];
        assert_eq!(
            shown(&usage.completions.rows),
            expected(&[("c", "unknown", four, Some(1)), ("go", "unknown", go, Some(2))])
        );
    }

    #[test]
    fn who_is_known_to_have_done_something_counts_though_not_all_of_it_is_known() {
        let (one, none) = ([Some(1), Some(0), Some(0), Some(0)], [None, Some(0), Some(0), Some(0)]);
        let features = [chat("chat_inline", None, None), chat("chat_panel_ask_mode", Some(1), None)];
        let usage = team(&[person(1, &[], &features, &[language("c#", none), language("csharp", one)])]);
        assert_eq!((usage.totals.chat_turns, usage.totals.active_chat_users), (None, Some(1)));
        assert_eq!(shown(&usage.completions.rows), expected(&[("csharp", "unknown", none, Some(1))]));
        let usage =
            team(&[person(1, &[], &features[..1], &[language("c#", none), language("csharp", none)])]);
        assert_eq!((usage.totals.chat_turns, usage.totals.active_chat_users), (None, None));
        assert_eq!(
            shown(&usage.completions.rows),
            expected(&[("csharp", "unknown", none, None)]),
            "nor is it nobody"
        );
    }

    #[test]
    fn numbers_beyond_every_size_are_unknown_and_make_nothing_panic() {
        let most = [i64::MAX; 4].map(Some);
        let least = [i64::MIN; 4].map(Some);
        let of = |user, whole, part| {
            let chats = chat("chat_inline", Some(i64::MAX), Some(i64::MIN));
            person(
                user,
                &[ide("vim", i64::MAX)],
                &[completed(whole), chats],
                &[language("go", part), language("golang", part)],
            )
        };
        let rows = [of(1, most, most), of(2, most, least), of(u64::MAX, least, most)];
        let usage = team(&rows);
        assert_eq!((usage.totals.chat_turns, usage.totals.active_chat_users), (None, Some(3)));
        assert_eq!(shown(&usage.completions.rows), expected(&[("go", "vim", [None; 4], Some(2))]));
        let halves = [of(1, most, most), of(2, most, least)];
        let files: Vec<&[Value]> = halves.iter().map(std::slice::from_ref).collect();
        let (days, _) = people(Days::Only(day(0)), Vec::new(), &files).unwrap().finish();
        assert_eq!(days[&day(0)].people, 2);
    }

    #[test]
    fn rows_of_other_days_are_a_mistake_in_a_report_of_one_and_passed_over_in_one_of_many() {
        let mut dayless = person(1, &[], &[], &[]);
        dayless["day"] = Value::Null;
        let other = json!({"day": day(2), "user_id": 1});
        let one = || Days::Only(day(0));
        let these = || Days::These(vec![day(0), day(1)]);
        let count = |wanted, row: &Value| {
            let people = people(wanted, Vec::new(), &[std::slice::from_ref(row)])?;
            Ok(people.finish().0.into_iter().map(|(day, counted)| (day, counted.people)).collect::<Vec<_>>())
        };
        assert_eq!(count(one(), &person(1, &[], &[], &[])), Ok(vec![(day(0), 1)]));
        assert_eq!(count(one(), &dayless), Ok(vec![(day(0), 1)]));
        assert_eq!(count(one(), &other), Err("a record is of another day"));
        assert_eq!(count(these(), &person(1, &[], &[], &[])), Ok(vec![(day(0), 1), (day(1), 0)]));
        assert_eq!(count(these(), &dayless), Err("a record is of no day"));
        assert_eq!(count(these(), &other), Ok(vec![(day(0), 0), (day(1), 0)]));
    }

    #[test]
    fn a_record_with_far_more_elements_than_anybody_can_have_is_a_mistake() {
        let refused = |elements| {
            let row = person(1, &vec![json!({}); elements], &[], &[]);
            people(Days::Only(day(0)), Vec::new(), &[&[row]]).err()
        };
        assert_eq!(refused(MOST_ELEMENTS), None);
        let problem = Some("a record of one person has far too many elements");
        assert_eq!((refused(MOST_ELEMENTS + 1), refused(MOST_ELEMENTS + 2)), (problem, problem));
    }

    #[test]
    fn a_listed_team_without_anybody_active_has_true_zeros_and_an_unlisted_one_is_not_there() {
        let lists = vec![list(day(0), &[(1, 7), (2, 7), (3, 8)])];
        let rows = [person(3, &[], &[], &[]), person(4, &[], &[], &[])];
        let people = people(Days::These(vec![day(0), day(1)]), lists, &[&rows]).unwrap();
        let (days, active) = people.finish();
        let PeopleDay { people, whole, teams } = &days[&day(0)];
        let teams = teams.as_ref().unwrap();
        assert_eq!((*people, whole.totals.unlisted_active_users), (2, Some(1)));
        let idle = Totals { active_users: Some(0), seated_users: Some(2), ..zeros(0) };
        assert_eq!((teams[&7].totals, teams[&8].totals), (idle, zeros(1)));
        assert_eq!((teams.len(), teams[&7].completions.rows.len()), (2, 0));
        assert_eq!(active, [0, 0, bit(day(0))]);
        assert_eq!(days[&day(1)].teams, None, "its list was not read");
        assert_eq!(days[&day(1)].whole.totals.unlisted_active_users, None);
    }

    /// The counters of a row, and its people.
    type Numbers = (Four, Option<i64>);

    /// What somebody did on a day.
    #[derive(Clone, Debug)]
    struct Deeds {
        ides: Vec<(&'static str, i64)>,
        completed: Vec<Four>,
        languages: Vec<(&'static str, Four)>,
        chats: Vec<(Option<i64>, Option<i64>)>,
    }

    impl Deeds {
        fn row(&self, user: u64, day: NaiveDate) -> Value {
            let ides: Vec<_> = self.ides.iter().map(|(name, count)| ide(name, *count)).collect();
            let chats = self.chats.iter().map(|(turns, accepted)| chat("chat_inline", *turns, *accepted));
            let features: Vec<_> = self.completed.iter().map(|four| completed(*four)).chain(chats).collect();
            let languages: Vec<_> = self.languages.iter().map(|(name, four)| language(name, *four)).collect();
            let mut row = person(user, &ides, &features, &languages);
            row["day"] = json!(day);
            row
        }

        fn editor(&self) -> String {
            let used = self.ides.iter().filter(|(_, count)| *count > 0);
            let used: BTreeSet<String> = used.map(|(name, _)| name.to_lowercase()).collect();
            match Vec::from_iter(used).as_slice() {
                [] => "unknown".into(),
                [one] => one.clone(),
                _ => "multiple".into(),
            }
        }

        /// Their completions by language, and whether they count there.
        fn cells(&self) -> BTreeMap<String, Numbers> {
            let mut by_language: BTreeMap<String, Vec<Four>> = BTreeMap::new();
            for (name, four) in &self.languages {
                let name = if *name == "C#" { "csharp" } else { name };
                by_language.entry(name.into()).or_default().push(*four);
            }
            let named = sums(self.languages.iter().map(|(_, four)| *four));
            let whole = sums(self.completed.iter().copied());
            let rest = [0, 1, 2, 3]
                .map(|at| whole[at].zip(named[at]).map_or(0, |(whole, named)| (whole - named).max(0)));
            by_language.entry("unknown".into()).or_default().push(rest.map(Some));
            let all = by_language.into_iter().map(|(name, parts)| {
                let people = if parts.iter().any(|four| four[0] > Some(0)) {
                    Some(1)
                } else {
                    parts.iter().all(|four| four[0].is_some()).then_some(0)
                };
                (name, (sums(parts.into_iter()), people))
            });
            all.filter(|(_, (four, _))| *four != [Some(0); 4]).collect()
        }

        fn chatted(&self) -> Option<i64> {
            if self.chats.iter().any(|(turns, _)| *turns > Some(0)) {
                return Some(1);
            }
            self.chats.iter().all(|(turns, _)| turns.is_some()).then_some(0)
        }
    }

    fn total(counts: impl Iterator<Item = Option<i64>>) -> Option<i64> {
        counts.sum()
    }

    fn sums(fours: impl Iterator<Item = Four>) -> Four {
        let fours: Vec<_> = fours.collect();
        [0, 1, 2, 3].map(|at| total(fours.iter().map(|four| four[at])))
    }

    /// The seven totals that come from people's rows, in their order.
    fn naive_totals(deeds: &[&Deeds]) -> [Option<i64>; 7] {
        let [shown, accepted, suggested, added] =
            sums(deeds.iter().flat_map(|deeds| deeds.completed.clone()));
        let chats = || deeds.iter().flat_map(|deeds| deeds.chats.clone());
        let chatted = total(deeds.iter().map(|deeds| deeds.chatted()));
        [
            shown,
            accepted,
            suggested,
            added,
            total(chats().map(|chat| chat.0)),
            total(chats().map(|chat| chat.1)),
            chatted,
        ]
    }

    fn naive_rows(deeds: &[&Deeds]) -> Vec<ShownRow> {
        let mut rows: BTreeMap<(String, String), Vec<Numbers>> = BTreeMap::new();
        for deeds in deeds {
            for (language, cell) in deeds.cells() {
                rows.entry((language, deeds.editor())).or_default().push(cell);
            }
        }
        let sum = |cells: Vec<Numbers>| {
            (sums(cells.iter().map(|cell| cell.0)), total(cells.iter().map(|cell| cell.1)))
        };
        rows.into_iter()
            .map(|(names, cells)| (names, sum(cells)))
            .map(|(names, (four, people))| (names, four, people))
            .collect()
    }

    type Groups = BTreeMap<BTreeSet<(String, String)>, i64>;

    /// How many people count in each set of rows, where those are several.
    fn naive_groups(deeds: &[&Deeds]) -> Groups {
        let mut groups = Groups::new();
        for deeds in deeds {
            let active = deeds.cells().into_iter().filter(|(_, (_, people))| *people == Some(1));
            let set: BTreeSet<_> = active.map(|(language, _)| (language, deeds.editor())).collect();
            if set.len() > 1 {
                *groups.entry(set).or_default() += 1;
            }
        }
        groups
    }

    fn groups(usage: &DayUsage) -> Option<Groups> {
        let name = |row: &u32| {
            let [language, editor] = &usage.completions.rows[*row as usize].names;
            (language.to_string(), editor.to_string())
        };
        let mut groups = Groups::new();
        for (people, rows) in usage.completions.shared.as_ref()?.groups() {
            let twice = groups.insert(rows.iter().map(name).collect(), people);
            assert_eq!(twice, None, "people who stand in the same rows are one group");
        }
        Some(groups)
    }

    fn seven(totals: &Totals) -> [Option<i64>; 7] {
        let Totals { suggestions, acceptances, lines_suggested, lines_accepted, .. } = *totals;
        let Totals { chat_turns, chat_acceptances, active_chat_users, .. } = *totals;
        [
            suggestions,
            acceptances,
            lines_suggested,
            lines_accepted,
            chat_turns,
            chat_acceptances,
            active_chat_users,
        ]
    }

    /// Mostly a small number, which makes equal sums likely; seldom none.
    fn count() -> impl Strategy<Value = Option<i64>> {
        prop_oneof![1 => Just(None), 30 => (0..4i64).prop_map(Some)]
    }

    fn deeds() -> impl Strategy<Value = Deeds> {
        let four = || [count(), count(), count(), count()];
        let ides = prop::collection::vec((prop::sample::select(vec!["vim", "VIM", "zed"]), 0..3i64), 0..3);
        let names = prop::sample::select(vec!["go", "C#", "csharp", "unknown", "rust"]);
        let languages = prop::collection::vec((names, four()), 0..4);
        let completed = prop::collection::vec(four(), 0..3);
        let chats = prop::collection::vec((count(), count()), 0..3);
        (ides, completed, languages, chats).prop_map(|(ides, completed, languages, chats)| Deeds {
            ides,
            completed,
            languages,
            chats,
        })
    }

    /// Users 0 to 5 on days 0 to 2, those who did anything.
    fn history() -> impl Strategy<Value = History> {
        prop::collection::btree_map((0..3u64, 0..6u64), deeds(), 0..18)
    }

    /// Users in teams 7 to 9, on those of the days of which there is a list.
    fn lists() -> impl Strategy<Value = BTreeMap<u64, Vec<(u64, u64)>>> {
        let all: Vec<_> = (0..6).flat_map(|user| (7..10).map(move |team| (user, team))).collect();
        prop::collection::btree_map(0..3u64, subsequence(all, 0..12), 0..=3)
    }

    /// Who did what, by day and user.
    type History = BTreeMap<(u64, u64), Deeds>;

    /// What those did on a day who fulfil this.
    fn of_day(history: &History, index: u64, is_in: impl Fn(u64) -> bool) -> Vec<&Deeds> {
        let rows = history.iter().filter(|((at, user), _)| *at == index && is_in(*user));
        rows.map(|(_, deeds)| deeds).collect()
    }

    /// Completions shown by name, added up over rows.
    fn ranks(rows: &[ShownRow], name: fn(&(String, String)) -> &String) -> Vec<(String, Weight)> {
        let mut sums: BTreeMap<String, i64> = BTreeMap::new();
        for (names, counts, _) in rows {
            *sums.entry(name(names).clone()).or_default() += counts[0].unwrap_or_default();
        }
        sums.into_iter().map(|(name, sum)| (name, Weight::completions(Some(sum)))).collect()
    }

    fn assert_scope(usage: &DayUsage, deeds: &[&Deeds], is_shown: bool) {
        let rows = naive_rows(deeds);
        assert_eq!(groups(usage), is_shown.then(|| naive_groups(deeds)));
        if is_shown {
            assert_eq!(shown(&usage.completions.rows), rows);
            return;
        }
        assert_eq!(usage.completions.rows.len(), 0, "an old day is not shown by row");
        let ranked = |of: OpenLabel| -> Vec<_> {
            let names = usage.ranks.weights().filter(|(label, ..)| *label == of);
            names.map(|(_, name, weight)| (name.to_string(), weight)).collect()
        };
        assert_eq!(ranked(OpenLabel::Language), ranks(&rows, |(language, _)| language));
        assert_eq!(ranked(OpenLabel::Editor), ranks(&rows, |(_, editor)| editor));
    }

    fn assert_day(counted: &PeopleDay, index: u64, history: &History, members: Option<&Vec<(u64, u64)>>) {
        let PeopleDay { people, whole, teams } = counted;
        let (everybody, is_shown) = (of_day(history, index, |_| true), index >= 1);
        assert_eq!(*people, everybody.len() as i64);
        assert_scope(whole, &everybody, is_shown);
        let is_listed = |user| members.into_iter().flatten().any(|(listed, _)| *listed == user);
        let unlisted = members.map(|_| of_day(history, index, |user| !is_listed(user)).len() as i64);
        let active_chat_users = naive_totals(&everybody)[6];
        let totals = Totals { active_chat_users, unlisted_active_users: unlisted, ..Totals::default() };
        assert_eq!(whole.totals, totals);
        assert_eq!(teams.is_some(), members.is_some());
        let listed: BTreeSet<u64> = members.into_iter().flatten().map(|(_, team)| *team).collect();
        assert_eq!(teams.iter().flat_map(BTreeMap::keys).copied().collect::<BTreeSet<_>>(), listed);
        for (team, usage) in teams.iter().flatten() {
            let of_team = members.into_iter().flatten().filter(|(_, listed)| listed == team);
            let seated: BTreeSet<u64> = of_team.map(|(user, _)| *user).collect();
            let active = of_day(history, index, |user| seated.contains(&user));
            assert_scope(usage, &active, is_shown);
            assert_eq!(seven(&usage.totals), naive_totals(&active));
            let counts = (usage.totals.active_users, usage.totals.seated_users);
            assert_eq!(counts, (Some(active.len() as i64), Some(seated.len() as i64)));
        }
    }

    proptest! {
        #[test]
        fn everything_is_as_counted_person_by_person_in_whatever_order_they_come(
            history in history(),
            lists in lists(),
            files in prop::collection::vec(0..3usize, 18),
            first in 0..3usize,
        ) {
            let mut parts = vec![Vec::new(); 3];
            for (((index, user), deeds), file) in history.iter().zip(&files) {
                parts[*file].push(deeds.row(*user, day(*index)));
            }
            parts.rotate_left(first);
            let parts: Vec<&[Value]> = parts.iter().map(Vec::as_slice).collect();
            let team_lists = lists.iter().map(|(index, members)| list(day(*index), members)).collect();
            let folded = people(Days::These((0..3).map(day).collect()), team_lists, &parts).unwrap();
            let entries = folded.memberships.entries.clone();
            let (days, active) = folded.finish();
            for index in 0..3 {
                assert_day(&days[&day(index)], index, &history, lists.get(&index));
            }
            for (entry, active) in entries.iter().zip(active) {
                let days = lists.iter().filter(|(_, members)| members.contains(&(entry.user, entry.team)));
                let days = days.filter(|(index, _)| history.contains_key(&(**index, entry.user)));
                prop_assert_eq!(active, days.fold(0, |bits, (index, _)| bits | bit(day(*index))));
            }
        }
    }
}
