//! What report files must say, added up from people without any shortcut.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Days, NaiveDate};
use github_copilot_exporter::simulator::{Deed, Entity, Kind, Person, World};
use serde_json::{Map, Value, json};

// A part of this module, because the tests of the exporter include it as one file.
#[path = "signal_truth.rs"]
pub(crate) mod signal_truth;

/// The labels of an element: name and value.
type Labels = Vec<(&'static str, &'static str)>;

/// The name of a counter, and the number of a deed it counts.
type Counter = (&'static str, fn(&Deed) -> u64);

/// The six counters that elements by language have.
const CODE: [Counter; 6] = [
    ("code_generation_activity_count", |deed| deed.generations),
    ("code_acceptance_activity_count", |deed| deed.acceptances),
    ("loc_suggested_to_add_sum", |deed| deed.lines_suggested),
    ("loc_suggested_to_delete_sum", |deed| deed.lines_suggested_to_delete),
    ("loc_added_sum", |deed| deed.lines_added),
    ("loc_deleted_sum", |deed| deed.lines_deleted),
];

/// The record of an organisation or the enterprise, but for what is left to the simulator's fancy.
pub(crate) fn entity(world: &World, entity: &Entity, day: NaiveDate) -> Value {
    entity_where(world, entity, day, &|_| true)
}

/// The same where nothing is known of what people did on days that are not `reported`.
pub(crate) fn entity_where(
    world: &World,
    entity: &Entity,
    day: NaiveDate,
    reported: &dyn Fn(NaiveDate) -> bool,
) -> Value {
    let people: Vec<_> = world.people_of(entity).collect();
    let told: Vec<Deed> =
        people.iter().filter(|person| person.telemetry).flat_map(|person| world.deeds(person, day)).collect();
    let mut record = activity(&told);
    record.insert("day".into(), json!(day));
    insert_ids(&mut record, world, entity);
    let days = |count: u64| (day - Days::new(count - 1)).iter_days().take(usize::try_from(count).unwrap());
    let users = |count: u64, does: &dyn Fn(&Person, &[Deed]) -> bool| {
        let is = |person: &&&Person| {
            days(count).any(|day| reported(day) && does(person, &world.deeds(person, day)))
        };
        people.iter().filter(is).count()
    };
    let anything = |_: &Person, deeds: &[Deed]| !deeds.is_empty();
    let tells = |names: &'static [&'static str]| {
        move |person: &Person, deeds: &[Deed]| person.telemetry && uses(deeds, names)
    };
    record.insert("daily_active_users".into(), json!(users(1, &anything)));
    record.insert("weekly_active_users".into(), json!(users(7, &anything)));
    record.insert("monthly_active_users".into(), json!(users(28, &anything)));
    record.insert("monthly_active_chat_users".into(), json!(users(28, &tells(CHAT))));
    record.insert("monthly_active_agent_users".into(), json!(users(28, &tells(AGENT))));
    record.extend(signal_truth::audience(world, &people, day, reported));
    let signals: Vec<_> = people.iter().map(|person| signal_truth::reported(world, person, day)).collect();
    record.extend(signal_truth::totals(&signals));
    Value::Object(record)
}

/// The rows of everybody who was active on a day, in no particular order.
pub(crate) fn users(world: &World, entity: &Entity, day: NaiveDate) -> Vec<Value> {
    let row = |person: &Person| {
        let deeds = world.deeds(person, day);
        let told = if person.telemetry { deeds.clone() } else { Vec::new() };
        let mut row = activity(&told);
        row.insert("day".into(), json!(day));
        insert_ids(&mut row, world, entity);
        row.insert("user_id".into(), json!(person.id));
        row.insert("user_login".into(), json!(person.login));
        row.insert("used_chat".into(), json!(uses(&told, CHAT)));
        row.insert("used_agent".into(), json!(uses(&told, AGENT)));
        row.insert("used_cli".into(), json!(uses(&told, CLI)));
        row.insert("used_copilot_app".into(), json!(uses(&told, APP)));
        let signals = signal_truth::reported(world, person, day);
        row.insert("used_vscode_agent".into(), json!(signals.vscode_agent.is_some()));
        row.insert("used_copilot_cloud_agent".into(), json!(signals.cloud_agent));
        row.insert("used_copilot_coding_agent".into(), json!(signals.cloud_agent));
        row.insert("used_copilot_code_review_active".into(), json!(signals.review_active));
        row.insert("used_copilot_code_review_passive".into(), json!(signals.review_passive));
        let signals = [signals];
        row.insert("totals_by_3rd_party_agent".into(), signal_truth::third_party(&signals, false));
        let window = signal_truth::window(&signals);
        row.extend(window.map(|window| ("totals_by_vscode_agent".to_owned(), window)));
        row.extend(signal_truth::customisations(&signals));
        (!deeds.is_empty()).then_some(Value::Object(row))
    };
    world.people_of(entity).filter_map(row).collect()
}

/// The rows of everybody with a licence in every team that has five of them.
pub(crate) fn user_teams(world: &World, entity: &Entity, day: NaiveDate) -> Vec<Value> {
    let mut rows = Vec::new();
    for team in &entity.teams {
        let seated: Vec<_> =
            world.members(team, day).filter(|person| world.is_licensed(person, day)).collect();
        for person in seated.iter().filter(|_| seated.len() >= 5) {
            let mut row = json!({
                "day": day, "user_id": person.id, "user_login": person.login, "team_id": team.id, "slug": team.slug,
            });
            let id = if entity.kind == Kind::Enterprise { "enterprise_id" } else { "organization_id" };
            row[id] = json!(entity.id.to_string());
            rows.push(row);
        }
    }
    rows
}

/// Takes away what no deed tells: credits, phases, versions, and everything about the command line and the
/// app but their prompts.
pub(crate) fn without_fancy(mut record: Value) -> Value {
    let fields = record.as_object_mut().unwrap();
    fields.remove("ai_credits_used");
    fields.remove("ai_adoption_phase");
    fields.remove("totals_by_ai_adoption_phase");
    for client in ["totals_by_cli", "totals_by_copilot_app"] {
        if let Some(client) = fields.get_mut(client) {
            *client = json!({ "prompt_count": client["prompt_count"] });
        }
    }
    for ide in fields["totals_by_ide"].as_array_mut().unwrap() {
        ide.as_object_mut().unwrap().retain(|name, _| !name.starts_with("last_known_"));
    }
    record
}

/// Every array and the list itself in one order.
pub(crate) fn sorted(mut values: Vec<Value>) -> Vec<Value> {
    for value in &mut values {
        for field in value.as_object_mut().into_iter().flat_map(Map::values_mut) {
            if let Value::Array(elements) = field {
                *elements = sorted(std::mem::take(elements));
            }
        }
    }
    values.sort_by_key(Value::to_string);
    values
}

const CHAT: &[&str] = &[
    "chat_inline",
    "chat_panel_ask_mode",
    "chat_panel_edit_mode",
    "chat_panel_plan_mode",
    "chat_panel_agent_mode",
];
const AGENT: &[&str] = &["chat_panel_agent_mode", "agent_edit"];
const CLI: &[&str] = &["copilot_cli"];
const APP: &[&str] = &["copilot_app"];

fn uses(deeds: &[Deed], features: &[&str]) -> bool {
    deeds.iter().any(|deed| features.contains(&deed.feature.name()))
}

fn insert_ids(record: &mut Map<String, Value>, world: &World, entity: &Entity) {
    record.insert("enterprise_id".into(), json!(world.enterprise().id.to_string()));
    if entity.kind == Kind::Organisation {
        record.insert("organization_id".into(), json!(entity.id.to_string()));
    }
}

/// Counters and breakdowns.
fn activity(deeds: &[Deed]) -> Map<String, Value> {
    let interactions: u64 = deeds.iter().map(|deed| deed.interactions).sum();
    let mut record = counters(&deeds.iter().collect::<Vec<_>>());
    record.insert("user_initiated_interaction_count".into(), json!(interactions));
    let language = |deed: &Deed| ("language", deed.language.unwrap_or("unknown"));
    let feature = |deed: &Deed| ("feature", deed.feature.name());
    let editor = |deed: &Deed| deed.editor.map(|editor| vec![("ide", editor.ide_name())]);
    let model = |deed: &Deed| deed.model.map(|model| ("model", model));
    for (array, has_interactions, labels) in [
        ("totals_by_ide", true, &editor as &dyn Fn(&Deed) -> Option<Labels>),
        ("totals_by_feature", true, &|deed| Some(vec![feature(deed)])),
        ("totals_by_language_feature", false, &|deed| Some(vec![language(deed), feature(deed)])),
        ("totals_by_language_model", false, &|deed| Some(vec![language(deed), model(deed)?])),
        ("totals_by_model_feature", true, &|deed| Some(vec![model(deed)?, feature(deed)])),
    ] {
        record.insert(array.into(), elements(deeds, has_interactions, labels));
    }
    for (field, client) in [("totals_by_cli", CLI), ("totals_by_copilot_app", APP)] {
        if uses(deeds, client) {
            let those = deeds.iter().filter(|deed| client.contains(&deed.feature.name()));
            let prompts: u64 = those.map(|deed| deed.interactions).sum();
            record.insert(field.into(), json!({ "prompt_count": prompts }));
        }
    }
    record
}

fn elements(deeds: &[Deed], has_interactions: bool, labels: &dyn Fn(&Deed) -> Option<Labels>) -> Value {
    let keys: BTreeSet<Labels> = deeds.iter().filter_map(labels).collect();
    let element = |key: Labels| {
        let those: Vec<_> = deeds.iter().filter(|deed| labels(deed).as_ref() == Some(&key)).collect();
        let mut element = counters(&those);
        if has_interactions {
            let sum: u64 = those.iter().map(|deed| deed.interactions).sum();
            element.insert("user_initiated_interaction_count".into(), json!(sum));
        }
        let labels: BTreeMap<_, _> = key.into_iter().collect();
        element.extend(labels.into_iter().map(|(name, value)| (name.to_owned(), json!(value))));
        Value::Object(element)
    };
    keys.into_iter().map(element).collect()
}

fn counters(deeds: &[&Deed]) -> Map<String, Value> {
    let sum = |count: fn(&Deed) -> u64| deeds.iter().map(|deed| count(deed)).sum::<u64>();
    CODE.iter().map(|(name, count)| ((*name).to_owned(), json!(sum(*count)))).collect()
}
