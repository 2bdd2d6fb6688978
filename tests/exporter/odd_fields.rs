//! Anything in the place of any field of what GitHub sends, or of what is kept: it is refused or absent, and never
//! becomes a number.

use std::{collections::BTreeSet, fmt::Debug, io::Write as _, sync::Arc};

use chrono::NaiveDate;
use flate2::{Compression, write::GzEncoder};
use github_copilot_exporter::{
    clock::Instant,
    config::{Installed, TeamPatterns},
    github::{
        billing::{Meter, MonthUsage, UsageItem},
        ledger::Ledger,
        reports::{EntityDay, EntityRecord, Fold, UserDay, UserTeam},
        seats::{Seat, SeatBreakdown},
        usage::UsageDay,
    },
    metrics::{Plan, Service, TeamDetail, render},
    model::{
        Records, State, Update, ViewOptions,
        memberships::{Memberships, TeamList},
        people::{Days, People, PeopleDay},
        seats::{SeatFold, SeatList, SeatNews},
        state::PeopleNews,
        view,
    },
    owner::{Owner, Team},
    refresh::saved::{Fit, read, write},
    source::{Api, Source},
};
use proptest::{prelude::*, sample::Index};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use url::Url;

const USAGE: &str = include_str!("../data/usage-sample.json");
const RECORD: &str = include_str!("examples/organization-1-day.ndjson");
const USERS: &str = include_str!("examples/users-1-day.ndjson");
const TEAMS: &str = include_str!("examples/user-teams-1-day.ndjson");
const SEATS: &str = include_str!("examples/seats-page.json");
const BREAKDOWN: &str = include_str!("examples/org-billing.json");
const BILL: &str = include_str!("examples/org-ai-credit-usage.json");

fn parse(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn first_line(text: &str) -> Value {
    parse(text.lines().next().unwrap())
}

fn day() -> NaiveDate {
    "2026-11-17".parse().unwrap()
}

fn noon() -> Instant {
    "2026-11-22T12:00:00Z".parse().unwrap()
}

fn octo() -> Owner {
    Owner::org("octo")
}

/// Any JSON, not deep, with many numbers in it.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        Just(json!(0)),
        Just(json!(0.0)),
        Just(json!("0")),
        ".{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z_]{0,6}", inner, 0..4)
                .prop_map(|fields| Value::Object(Map::from_iter(fields))),
        ]
    })
}

/// The ways to every value in `value`, as JSON pointers.
fn paths(value: &Value) -> Vec<String> {
    let within = |name: &str, inner: &Value| {
        let at = format!("/{}", name.replace('~', "~0").replace('/', "~1"));
        let deeper = paths(inner).into_iter().map(|rest| format!("{at}{rest}"));
        [at.clone()].into_iter().chain(deeper).collect::<Vec<_>>()
    };
    match value {
        Value::Object(fields) => fields.iter().flat_map(|(name, inner)| within(name, inner)).collect(),
        Value::Array(elements) => {
            elements.iter().enumerate().flat_map(|(index, inner)| within(&index.to_string(), inner)).collect()
        }
        _ => Vec::new(),
    }
}

fn with(whole: &Value, path: &str, odd: &Value) -> Value {
    let mut changed = whole.clone();
    *changed.pointer_mut(path).unwrap() = odd.clone();
    changed
}

fn without(whole: &Value, path: &str) -> Value {
    let mut changed = whole.clone();
    let (around, name) = path.rsplit_once('/').unwrap();
    match changed.pointer_mut(around).unwrap() {
        Value::Object(fields) => drop(fields.remove(name)),
        Value::Array(elements) => drop(elements.remove(name.parse().unwrap())),
        _ => unreachable!("something is in it"),
    }
    changed
}

/// Whether a value could be meant where `good` stands.
fn is_alike(good: &Value, odd: &Value) -> bool {
    match good {
        Value::Null => true,
        Value::Bool(_) => odd.is_boolean(),
        Value::Number(number) if number.is_f64() => odd.is_number(),
        Value::Number(_) => odd.is_i64(),
        Value::String(_) => odd.is_string(),
        // What is read by position stands for an object; nobody writes that.
        Value::Array(_) | Value::Object(_) => odd.is_array() || odd.is_object(),
    }
}

/// An id, in either of its two forms.
fn is_id(path: &str) -> bool {
    path.ends_with("id")
}

/// What is read with something odd in one place is what is read without it, or without what is around it; or nothing.
fn assert_refused_or_absent<T: PartialEq + Debug>(
    whole: &Value,
    read: impl Fn(&Value) -> Option<T>,
    at: &Index,
    odd: &Value,
) {
    assert!(read(whole).is_some(), "the example itself can be read");
    let paths = paths(whole);
    let path = at.get(&paths);
    let odd_one = read(&with(whole, path, odd));
    if odd.is_null() {
        let absent = read(&without(whole, path));
        assert!(odd_one.is_none() || odd_one == absent || path.ends_with(char::is_numeric), "null in {path}");
    } else if !is_alike(whole.pointer(path).unwrap(), odd) && !is_id(path) {
        let mut around: Vec<_> =
            path.match_indices('/').skip(1).map(|(end, _)| &path[..end]).chain([&**path]).collect();
        around.retain(|path| read(&without(whole, path)) == odd_one);
        assert!(odd_one.is_none() || !around.is_empty(), "{odd} in {path}: {odd_one:#?}");
    }
}

fn as_it_is<T: DeserializeOwned>(value: &Value) -> Option<T> {
    serde_json::from_value(value.clone()).ok()
}

/// The days of an owner's record.
fn entity(value: &Value) -> Option<Vec<EntityDay>> {
    let mut days = Vec::<EntityDay>::new();
    days.row(serde_json::from_str::<EntityRecord>(&value.to_string()).ok()?).ok()?;
    Some(days)
}

/// What one person did, counted. With all there is of teams.
fn counted(value: &Value) -> Option<PeopleDay> {
    let mut list = TeamList::of(day());
    list.row(serde_json::from_str(r#"{"user_id":501,"team_id":9}"#).unwrap()).unwrap();
    let mut memberships = Memberships::default();
    memberships.add(list);
    let mut people = People::of(Days::Only(day()), Arc::new(memberships), day()).with_team_detail(true);
    let text = value.to_string();
    people.row(serde_json::from_str::<UserDay<'_>>(&text).ok()?).ok()?;
    people.finish().0.remove(&day())
}

fn listed(value: &Value) -> Option<TeamList> {
    let mut list = TeamList::of(day());
    let text = value.to_string();
    list.row(serde_json::from_str::<UserTeam<'_>>(&text).ok()?).ok()?;
    Some(list)
}

fn seated(value: &Value) -> Option<SeatList> {
    let mut fold = SeatFold::default();
    for seat in as_it_is::<Vec<Seat>>(value)? {
        fold.add(seat);
    }
    Some(fold.finish(Some(2), noon()))
}

fn bill(value: &Value) -> Option<Vec<UsageItem>> {
    as_it_is(&value["usageItems"])
}

proptest! {
    #[test]
    fn in_an_answer_of_the_usage_api(at: Index, odd in any_json()) {
        assert_refused_or_absent(&parse(USAGE), as_it_is::<Vec<UsageDay>>, &at, &odd);
    }

    #[test]
    fn in_an_owners_record(at: Index, odd in any_json()) {
        assert_refused_or_absent(&parse(RECORD), entity, &at, &odd);
    }

    #[test]
    fn in_a_record_about_a_person(at: Index, odd in any_json()) {
        assert_refused_or_absent(&first_line(USERS), counted, &at, &odd);
    }

    #[test]
    fn in_a_record_about_a_person_in_a_team(at: Index, odd in any_json()) {
        assert_refused_or_absent(&first_line(TEAMS), listed, &at, &odd);
    }

    #[test]
    fn in_a_seat(at: Index, odd in any_json()) {
        assert_refused_or_absent(&parse(SEATS)["seats"], seated, &at, &odd);
    }

    #[test]
    fn in_githubs_own_count_of_seats(at: Index, odd in any_json()) {
        assert_refused_or_absent(&parse(BREAKDOWN)["seat_breakdown"], as_it_is::<SeatBreakdown>, &at, &odd);
    }

    #[test]
    fn in_a_bill(at: Index, odd in any_json()) {
        let mut items = json!({"usageItems": parse(BILL)["usageItems"]});
        // All numbers of a bill may have a fraction, also where the example has none.
        let objects = items["usageItems"].as_array_mut().unwrap().iter_mut().filter_map(Value::as_object_mut);
        for value in objects.flat_map(|item| item.values_mut()) {
            if let Some(number) = value.as_f64() {
                *value = json!(number);
            }
        }
        assert_refused_or_absent(&items, bill, &at, &odd);
    }
}

/// A state with something of everything.
fn full() -> State {
    let mut state = State::new(&[octo()], &Source::ALL.into()).speaking(Api::Reports);
    let teams = vec![Team { id: 9, slug: "red".to_owned() }, Team { id: 10, slug: "blue".to_owned() }];
    let at = noon();
    let days = entity(&parse(RECORD)).unwrap();
    let people = [(day(), counted(&first_line(USERS)).unwrap())].into();
    let news = PeopleNews { days: people, seated: [].into(), reach: [].into(), shared_from: day(), at };
    let items = bill(&parse(BILL)).unwrap();
    for update in [
        Update::Teams { owner: octo(), teams },
        Update::Days {
            owner: octo(),
            team: None,
            days: Some(Records::Report { days, languages: false, shown_from: day() }),
            at,
        },
        Update::People { owner: octo(), news: Box::new(news) },
        Update::Seats { owner: octo(), news: SeatNews::List(seated(&parse(SEATS)["seats"])), at },
        Update::Billing {
            owner: octo(),
            meter: Meter::AiCredits,
            usage: Some(MonthUsage { month: day(), items }),
            at,
        },
    ] {
        state.apply(update);
    }
    state
}

fn fit() -> Fit {
    let github = Url::parse("https://api.github.com").unwrap();
    let teams = TeamPatterns::parse(&["*"]).unwrap();
    Fit { github, api: None, teams, installed: Installed::None, sources: Source::ALL.into() }
}

/// What is kept of a state, line by line.
fn kept(state: &State) -> Vec<Value> {
    let mut bytes = Vec::new();
    write(state, &fit().github, &mut bytes).unwrap();
    let lines = serde_json::Deserializer::from_reader(flate2::read::GzDecoder::new(&*bytes)).into_iter();
    lines.map(Result::unwrap).collect()
}

/// The state that such lines give, if they are none that is damaged.
fn restored(lines: &Value) -> Option<State> {
    let mut out = GzEncoder::new(Vec::new(), Compression::fast());
    for line in lines.as_array()? {
        writeln!(out, "{line}").unwrap();
    }
    let mut state = State::new(&[octo()], &Source::ALL.into());
    read(&*out.finish().unwrap(), &fit(), &mut state).ok()?;
    Some(state)
}

/// The series that are served, each as often as it is.
fn series(state: &State) -> Vec<String> {
    let options = ViewOptions { history_days: 28, settle_days: 0, max_label_values: 2 };
    let snapshot = view(state, noon(), &options);
    let plan = Plan::of(&snapshot, TeamDetail::All, usize::MAX);
    let rendered = render(&Service { snapshot: &snapshot, ledger: &Ledger::default(), plan: &plan });
    let text = rendered.text();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| line.rsplit_once(' ').unwrap().0.to_owned()).collect()
}

proptest! {
    #[test]
    fn in_what_is_kept_it_is_damaged_or_can_be_shown_and_kept_again(at: Index, odd in any_json()) {
        let whole = Value::from(kept(&full()));
        let paths = paths(&whole);
        let path = at.get(&paths);
        for lines in [with(&whole, path, &odd), without(&whole, path)] {
            let Some(state) = restored(&lines) else { continue };
            let shown = series(&state);
            prop_assert_eq!(shown.iter().collect::<BTreeSet<_>>().len(), shown.len(), "a series twice: {}", path);
            let again = restored(&kept(&state).into()).expect("it reads what it has written");
            prop_assert_eq!(format!("{:?}", again.owners), format!("{:?}", state.owners));
        }
    }
}

#[test]
fn what_is_kept_has_something_of_everything() {
    let lines = kept(&full());
    assert_eq!(lines.len(), 5, "form, address, owner, two teams");
    assert!(series(&restored(&lines.into()).unwrap()).len() > 200);
}
