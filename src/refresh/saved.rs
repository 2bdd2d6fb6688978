//! The last good numbers as they are written down, so that they survive a restart.
//!
//! Gzip of lines of JSON: the number of the form, the address of the GitHub they are of, then a line for each owner,
//! followed by one for each of its teams. So little is in memory beside the state, and the end of the gzip tells that
//! nothing is missing.
//!
//! The lines are what `model` holds, which has it named once: a second set of types would be the same again. Of how asking
//! went they have only when it last succeeded, and nothing of who asks: no validator, no failure, no credential. Nor is
//! anything personal in them, as there is nothing personal in [`State`].

use std::{
    collections::BTreeSet,
    io::{self, BufReader, BufWriter, Read, Write},
};

use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use serde::{Deserialize, Serialize, de::Error};
use url::Url;

use super::roster::is_slug;
use crate::{
    config::{Config, Installed, TeamPatterns},
    model::{
        State, Update,
        state::{OwnerState, TeamState},
    },
    owner::Owner,
    source::{Api, Source},
};

/// The form. A change that this code could not read, or would read wrongly, needs another number.
pub const VERSION: u32 = 1;

/// What decides whether something that was written down fits what is configured now.
#[derive(Clone, Debug)]
pub struct Fit {
    /// `GITHUB_API_URL`: organisations of the same name at two GitHubs have nothing to do with each other.
    pub github: Url,
    /// `GITHUB_COPILOT_API`, if it is not to be found out: the same names mean other things by another interface.
    pub api: Option<Api>,
    /// `GITHUB_TEAMS`.
    pub teams: TeamPatterns,
    /// Who is watched beside those that are named, because the App was installed there.
    pub installed: Installed,
    /// `EXPORTER_SOURCES`.
    pub sources: BTreeSet<Source>,
}

impl Fit {
    /// What the configuration asks for.
    pub fn of(config: &Config) -> Self {
        Self {
            github: config.github.api.clone(),
            api: config.api,
            teams: config.teams.clone(),
            installed: config.installed,
            sources: config.sources.clone(),
        }
    }
}

/// Why something that was written down is not used.
#[derive(Debug, thiserror::Error)]
pub enum Unfit {
    /// It cannot be opened.
    #[error("it cannot be read: {0}")]
    Unreadable(#[from] io::Error),
    /// It is not what this program writes, or only a part of that.
    #[error("it is damaged: {0}")]
    Damaged(#[from] serde_json::Error),
    /// Another version wrote it.
    #[error("it has the form {0}, and this version of the exporter knows only {VERSION}")]
    Form(u32),
    /// It is about another GitHub.
    #[error("it is about {0}, which is not asked now")]
    Elsewhere(Url),
}

/// The first line.
#[derive(Serialize, Deserialize)]
struct Form {
    version: u32,
}

/// A line about figures.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Line<'a> {
    Owner(&'a Owner, &'a OwnerState),
    /// Of the owner before it.
    Team(u64, &'a TeamState),
}

/// The same as it is read.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Known {
    Owner(Owner, Box<OwnerState>),
    Team(u64, TeamState),
}

/// Writes a state down.
///
/// # Errors
/// What `out` says.
pub fn write(state: &State, github: &Url, out: impl Write) -> io::Result<()> {
    // The fastest: it is written again within the hour.
    let mut out = BufWriter::new(GzEncoder::new(out, Compression::fast()));
    line(&mut out, &Form { version: VERSION })?;
    line(&mut out, github)?;
    for (owner, held) in &state.owners {
        line(&mut out, &Line::Owner(owner, held))?;
        for (id, team) in &held.teams {
            line(&mut out, &Line::Team(*id, team))?;
        }
    }
    out.into_inner().map_err(io::IntoInnerError::into_error)?.finish()?.flush()
}

fn line(out: &mut impl Write, line: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    out.write_all(b"\n")
}

/// Reads what was written down into a state that knows nothing yet, as far as it fits. Returns what was left out.
///
/// # Errors
/// [`Unfit`]; `state` may then have a part of it and is not to be used.
pub fn read(from: impl Read, fit: &Fit, state: &mut State) -> Result<Vec<String>, Unfit> {
    let mut lines = serde_json::Deserializer::from_reader(BufReader::new(GzDecoder::new(from)));
    let Form { version } = Form::deserialize(&mut lines)?;
    if version != VERSION {
        return Err(Unfit::Form(version));
    }
    let github = Url::deserialize(&mut lines)?;
    if github != fit.github {
        return Err(Unfit::Elsewhere(github));
    }
    let (mut left_out, mut other_teams, mut team_owner) = (Vec::new(), 0, None);
    for known in lines.into_iter() {
        match known? {
            Known::Owner(owner, known) => {
                if fit.installed.includes(&owner) {
                    // Whether the App is still installed there is found out later.
                    state.watch(owner.clone(), &fit.sources, known.api);
                }
                let unfit = restore(state, &owner, *known, fit.api);
                left_out.extend(unfit.map(|why| format!("{owner}: {why}")));
                team_owner = unfit.is_none().then_some(owner);
            }
            Known::Team(id, team) => match &team_owner {
                Some(owner) if fit.teams.select(owner, &team.slug) => state.restore_team(owner, id, team),
                Some(_) => other_teams += 1,
                None => {}
            },
        }
    }
    if other_teams > 0 {
        left_out.push(format!("teams that GITHUB_TEAMS does not select: {other_teams}"));
    }
    // There would be the same series twice.
    if state.owners.iter().all(|(owner, held)| is_slug(owner.name()) && has_every_name_once(held)) {
        Ok(left_out)
    } else {
        Err(serde_json::Error::custom("a name is none, or two teams have the same").into())
    }
}

/// Puts back what was known of an owner, without its teams: why they, and what else is about usage, do not fit.
fn restore(state: &mut State, owner: &Owner, known: OwnerState, api: Option<Api>) -> Option<&'static str> {
    if !state.owners.contains_key(owner) {
        return Some("it is not watched any more");
    }
    let other = api.filter(|api| *api != known.api);
    state.restore(owner, known);
    let api = other?;
    state.apply(Update::Speaks { owner: owner.clone(), api });
    Some("GITHUB_COPILOT_API was another; only seats and costs are kept")
}

/// Whether every team has a name of its own; without one it would pass for the owner as a whole.
fn has_every_name_once(held: &OwnerState) -> bool {
    let names: BTreeSet<_> = held.teams.values().map(|team| &team.slug).collect();
    names.len() == held.teams.len() && names.into_iter().all(|name| is_slug(name))
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, time::Duration};

    use chrono::{NaiveDate, TimeDelta};
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::{
        clock::Instant,
        github::{
            billing::{Meter, MonthUsage, UsageItem},
            reports::{EntityDay, Fold, UserDay},
            usage::{UsageDay, UsageRow},
        },
        model::{
            Records, Update,
            people::{Days, People},
            rolling::Reach,
            seats::{SeatFold, SeatList, SeatNews},
            state::{Attempt, PeopleNews, SourceState, Targets},
        },
        owner::Team,
        source::Source,
    };

    fn fit(teams: &str, api: Option<Api>) -> Fit {
        let teams = TeamPatterns::parse(&[teams]).unwrap();
        let github = Url::parse("https://api.github.com").unwrap();
        Fit { github, api, teams, installed: Installed::None, sources: Source::ALL.into() }
    }

    fn octo() -> Owner {
        Owner::org("octo")
    }

    fn empty() -> State {
        State::new(&[octo(), Owner::enterprise("group")], &Source::ALL.into())
    }

    fn noon() -> Instant {
        "2026-11-22T12:00:00.25Z".parse().unwrap()
    }

    fn day(index: u64) -> NaiveDate {
        "2026-11-01".parse::<NaiveDate>().unwrap() + chrono::Days::new(index)
    }

    fn written(state: &State) -> Vec<u8> {
        let mut bytes = Vec::new();
        write(state, &fit("*", None).github, &mut bytes).unwrap();
        bytes
    }

    fn text(bytes: &[u8]) -> String {
        let mut text = String::new();
        GzDecoder::new(bytes).read_to_string(&mut text).unwrap();
        text
    }

    fn zipped(text: &str) -> Vec<u8> {
        let mut out = GzEncoder::new(Vec::new(), Compression::fast());
        out.write_all(text.as_bytes()).unwrap();
        out.finish().unwrap()
    }

    fn read_as(bytes: &[u8], fit: &Fit) -> Result<(State, Vec<String>), Unfit> {
        let mut state = empty();
        read(bytes, fit, &mut state).map(|left_out| (state, left_out))
    }

    /// All there is but how asking went in this process.
    fn figures(state: &State) -> String {
        let mut owners = state.owners.clone();
        for source in owners.values_mut().flat_map(|owner| owner.sources.values_mut()) {
            *source = SourceState { last_success: source.last_success, ..SourceState::default() };
        }
        format!("{owners:#?}")
    }

    fn teams(teams: &[(u64, &str)]) -> Update {
        let team = |(id, slug): &(u64, &str)| Team { id: *id, slug: (*slug).to_owned() };
        Update::Teams { owner: octo(), teams: teams.iter().map(team).collect() }
    }

    fn usage(index: u64, suggestions: Option<i64>, rows: &[(&str, &str)]) -> UsageDay {
        let row = |(language, editor): &(&str, &str)| UsageRow {
            language: Some((*language).to_owned()),
            editor: Some((*editor).to_owned()),
            suggestions_count: suggestions,
            ..UsageRow::default()
        };
        let breakdown = Some(rows.iter().map(row).collect());
        UsageDay { day: day(index), total_suggestions_count: suggestions, breakdown, ..UsageDay::default() }
    }

    fn days(team: Option<u64>, days: Vec<UsageDay>) -> Update {
        Update::Days { owner: octo(), team, days: Some(Records::Usage(days)), at: noon() }
    }

    fn entity(index: u64, count: Option<i64>, minutes: f64) -> EntityDay {
        let element = |more: serde_json::Value| {
            let mut element = json!({"feature": "agent_edit", "code_generation_activity_count": count,
                "user_initiated_interaction_count": 3});
            element.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            element
        };
        let record = json!({
            "day": day(index), "daily_active_users": count, "monthly_active_agent_users": 7,
            "totals_by_feature": [element(json!({})), element(json!({"feature": "code_completion"}))],
            "totals_by_ide": [element(json!({"ide": "vim"}))],
            "totals_by_language_feature": [element(json!({"language": "go", "feature": "code_completion"}))],
            "totals_by_model_feature": [element(json!({"model": "gpt-5"}))],
            "totals_by_cli": {"session_count": count, "token_usage": {"output_tokens_sum": 9}},
            "totals_by_3rd_party_agent": [{"agent_id": "a", "session_count": count}],
            "pull_requests": {"total_merged": count, "median_minutes_to_merge": minutes},
        });
        serde_json::from_value(record).unwrap()
    }

    fn report(index: u64, count: Option<i64>, minutes: f64, languages: bool, shown_from: u64) -> Update {
        let days = Some(Records::Report {
            days: vec![entity(index, count, minutes)],
            languages,
            shown_from: day(shown_from),
        });
        Update::Days { owner: octo(), team: None, days, at: noon() }
    }

    /// So many people on a day, who each used some of these languages, and the same in team 1.
    fn people(index: u64, languages: &[Vec<&str>], credits: f64, shared_from: u64) -> Update {
        let mut fold = People::of(Days::Only(day(index)), Default::default(), day(shared_from));
        for (user, languages) in languages.iter().enumerate() {
            let element = |language: &&str| {
                json!({"language": language, "feature": "code_completion", "code_generation_activity_count": 2,
                    "code_acceptance_activity_count": 1, "loc_suggested_to_add_sum": 4, "loc_added_sum": 3})
            };
            let row = json!({
                "day": day(index), "user_id": user, "ai_credits_used": credits,
                "totals_by_ide": [{"ide": "vim", "code_generation_activity_count": 2}],
                "totals_by_feature": [{"feature": "code_completion", "code_generation_activity_count": 9}],
                "totals_by_language_feature": languages.iter().map(element).collect::<Vec<_>>(),
            });
            let row = row.to_string();
            fold.row(serde_json::from_str::<UserDay<'_>>(&row).unwrap()).unwrap();
        }
        let (mut days, _) = fold.finish();
        for counted in days.values_mut() {
            counted.teams = Some([(1, counted.whole.clone())].into());
        }
        let known = Reach { weekly: Some([(1, 5)].into()), monthly: None };
        let (reach, seated) = ([(day(index), known)].into(), BTreeMap::new());
        let news = PeopleNews { days, seated, reach, shared_from: day(shared_from), at: noon() };
        Update::People { owner: octo(), news: Box::new(news) }
    }

    fn bill(meter: Meter, amount: f64) -> Update {
        let item = UsageItem {
            product: Some("Copilot".into()),
            gross_quantity: Some(amount),
            gross_amount: Some(amount),
            ..UsageItem::default()
        };
        let usage = Some(MonthUsage { month: day(0), items: vec![item] });
        Update::Billing { owner: octo(), meter, usage, at: noon() }
    }

    fn seats(team: &str, count: u64) -> Update {
        let mut fold = SeatFold::default();
        for id in 0..count {
            let seat = json!({"assignee": {"id": id, "login": "x"}, "assigning_team": {"slug": team},
                "created_at": "2026-01-01T00:00:00Z", "last_activity_at": "2026-11-20T01:02:03Z"});
            fold.add(serde_json::from_value(seat).unwrap());
        }
        // When somebody was active last is not written down.
        let list = SeatList { holds_until: None, ..fold.finish(Some(count), noon()) };
        Update::Seats { owner: octo(), news: SeatNews::List(Some(list)), at: noon() }
    }

    fn breakdown(total: i64) -> Update {
        let breakdown = serde_json::from_value(json!({"total": total, "pending_invitation": 2})).unwrap();
        Update::Seats { owner: octo(), news: SeatNews::Breakdown(Some(breakdown)), at: noon() }
    }

    fn success(source: Source, seconds: i64) -> Update {
        let at = noon() + TimeDelta::seconds(seconds);
        let (failures, targets) = (BTreeMap::new(), Targets::default());
        let attempt =
            Attempt { at, took: Duration::ZERO, failures, problem: None, waiting: false, targets, next: at };
        Update::Attempt { owner: octo(), source, attempt }
    }

    fn number() -> impl Strategy<Value = f64> {
        any::<f64>().prop_filter("JSON has no other", |number| number.is_finite())
    }

    fn update() -> impl Strategy<Value = Update> {
        let count = || prop_oneof![Just(None), any::<i64>().prop_map(Some)];
        let names = || prop::sample::subsequence(vec!["go", "rust", "C#", "\"q\"\n", "\u{e4}"], 0..4);
        let rows = prop::collection::vec(
            (prop::sample::select(vec!["go", "rust"]), prop::sample::select(vec!["vim", "\u{1f600}"])),
            0..3,
        );
        prop_oneof![
            (prop::option::of(1..4u64), 0..28u64, count(), rows)
                .prop_map(|(team, index, count, rows)| days(team, vec![usage(index, count, &rows)])),
            (0..28u64, count(), number(), any::<bool>(), 0..28u64).prop_map(
                |(index, count, minutes, languages, shown)| report(index, count, minutes, languages, shown)
            ),
            (0..28u64, prop::collection::vec(names(), 0..4), 0.0..9.0, 0..28u64)
                .prop_map(|(index, languages, credits, from)| people(index, &languages, credits, from)),
            (any::<bool>(), number()).prop_map(|(first, amount)| {
                bill(if first { Meter::AiCredits } else { Meter::PremiumRequests }, amount)
            }),
            (prop::sample::select(vec!["red", "none"]), 0..4u64).prop_map(|(team, count)| seats(team, count)),
            any::<i64>().prop_map(breakdown),
            (prop::sample::select(Source::ALL.to_vec()), 0..99i64).prop_map(|(of, at)| success(of, at)),
            Just(teams(&[(1, "red"), (2, "blue")])),
            Just(Update::Speaks { owner: octo(), api: Api::Reports }),
        ]
    }

    proptest! {
        #[test]
        fn whatever_was_told_comes_back_as_it_was(updates in prop::collection::vec(update(), 0..20)) {
            let mut state = empty();
            state.apply(teams(&[(1, "red"), (2, "blue"), (3, "green")]));
            updates.into_iter().for_each(|update| state.apply(update));
            let (restored, left_out) = read_as(&written(&state), &fit("*", None)).unwrap();
            prop_assert_eq!(figures(&restored), figures(&state));
            prop_assert_eq!(left_out, Vec::<String>::new());
        }

        #[test]
        fn what_is_no_state_is_told_and_does_not_break_anything(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(read_as(&bytes, &fit("*", None)).is_err());
            let text = String::from_utf8_lossy(&bytes);
            prop_assert!(read_as(&zipped(&text), &fit("*", None)).is_err());
        }
    }

    /// A state with something of everything.
    fn full() -> State {
        let mut state = empty();
        for update in [
            Update::Speaks { owner: octo(), api: Api::Reports },
            teams(&[(1, "red"), (2, "blue")]),
            report(2, Some(4), 1.5, false, 3),
            report(3, Some(5), 2.5, false, 3),
            people(3, &[vec!["go", "rust"], vec![]], 0.5, 3),
            seats("red", 2),
            breakdown(3),
            bill(Meter::AiCredits, 0.1),
            success(Source::Activity, 0),
        ] {
            state.apply(update);
        }
        state
    }

    #[test]
    fn the_form_is_the_one_of_this_version() {
        // Whoever changes this changes VERSION, unless what was written before can still be read, and means the same.
        insta::assert_snapshot!(text(&written(&full())));
    }

    #[test]
    fn a_file_that_was_cut_anywhere_is_damaged() {
        let whole = written(&full());
        for length in 0..whole.len() {
            let cut = read_as(&whole[..length], &fit("*", None));
            assert!(matches!(cut, Err(Unfit::Damaged(_))), "{length}: {cut:?}");
        }
        let mut spoilt = whole.clone();
        let middle = spoilt.len() / 2;
        spoilt[middle] ^= 1;
        assert!(matches!(read_as(&spoilt, &fit("*", None)), Err(Unfit::Damaged(_))));
    }

    #[test]
    fn another_form_and_another_github_are_named() {
        let whole = text(&written(&full()));
        let newer = zipped(&whole.replace(r#"{"version":1}"#, r#"{"version":2,"moons":[]}"#));
        let told = read_as(&newer, &fit("*", None)).unwrap_err().to_string();
        assert_eq!(told, "it has the form 2, and this version of the exporter knows only 1");
        let mut other = fit("*", None);
        other.github = Url::parse("https://api.octo.ghe.com").unwrap();
        let told = read_as(&written(&full()), &other).unwrap_err().to_string();
        assert_eq!(told, "it is about https://api.github.com/, which is not asked now");
    }

    #[test]
    fn what_would_break_the_exposition_is_damaged() {
        let whole = text(&written(&full()));
        let row = r#"[["go","vim"],[2,1,4,3,1]]"#;
        for (good, bad) in [
            (r#""slug":"blue""#.to_owned(), r#""slug":"red""#.to_owned()),
            (r#""slug":"blue""#.to_owned(), r#""slug":"""#.to_owned()),
            (row.to_owned(), format!("{row},{row}")),
            (row.to_owned(), r#"[["go"],[2,1,4,3,1]]"#.to_owned()),
            (r#""shared":[1,"#.to_owned(), r#""shared":[1,9,"#.to_owned()),
        ] {
            assert!(whole.contains(&good), "{good} in {whole}");
            let bad = zipped(&whole.replacen(&good, &bad, 1));
            assert!(matches!(read_as(&bad, &fit("*", None)), Err(Unfit::Damaged(_))), "{good}");
        }
    }

    #[test]
    fn what_is_not_watched_any_more_is_left_out() {
        let saved = written(&full());
        let (state, left_out) = read_as(&saved, &fit("!red", None)).unwrap();
        assert_eq!(left_out, ["teams that GITHUB_TEAMS does not select: 1"]);
        assert_eq!(state.owners[&octo()].teams.len(), 1);
        let mut other = State::new(&[Owner::org("labs")], &Source::ALL.into());
        let left_out = read(&*saved, &fit("*", None), &mut other).unwrap();
        let gone =
            ["organisation octo: it is not watched any more", "enterprise group: it is not watched any more"];
        assert_eq!(left_out, gone);
        assert!(!other.has_figures() && other.owners.len() == 1);
        let mut seats_only = State::new(&[octo()], &[Source::Seats].into());
        read(&*saved, &fit("*", None), &mut seats_only).unwrap();
        let held = &seats_only.owners[&octo()];
        assert!(held.seats.has_figures() && !held.billing.has_figures());
        assert!(held.usage.days.is_empty() && held.teams.is_empty() && held.sources.len() == 1);
    }

    #[test]
    fn figures_of_the_other_interface_are_left_out_but_seats_and_costs_stay() {
        let (state, left_out) = read_as(&written(&full()), &fit("*", Some(Api::Usage))).unwrap();
        let held = &state.owners[&octo()];
        assert_eq!(
            left_out,
            ["organisation octo: GITHUB_COPILOT_API was another; only seats and costs are kept"]
        );
        assert_eq!(held.sources[&Source::Activity].last_success, None);
        assert!(held.usage.days.is_empty() && held.teams.is_empty() && held.api == Api::Usage);
        assert!(held.seats.has_figures() && held.billing.has_figures());
    }

    #[test]
    fn figures_go_when_it_is_found_out_that_another_interface_answers() {
        let mut state = full();
        let before = figures(&state);
        state.apply(Update::Speaks { owner: octo(), api: Api::Reports });
        assert!(figures(&state) == before, "it is the one that told them");
        state.apply(Update::Speaks { owner: octo(), api: Api::Usage });
        let held = &state.owners[&octo()];
        assert!(held.usage.days.is_empty() && held.teams.is_empty() && held.seats.has_figures());
    }
}
