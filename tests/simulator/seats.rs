//! Seats and the subscription they belong to, against the people themselves.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use github_copilot_exporter::simulator::{Entity, Options};
use reqwest::Method;
use serde_json::{Value, json};

use crate::client::{Client, header, noon, options, relation, with_tokens};
use crate::seat_truth as truth;

const ORG: &str = "/orgs/octo-retail/copilot/billing/seats";
const ENTERPRISE: &str = "/enterprises/octo-group/copilot/billing/seats";
const BILLING: &str = "/orgs/octo-retail/copilot/billing";

const SEAT: [&str; 9] = [
    "assignee",
    "assigning_team",
    "created_at",
    "last_activity_at",
    "last_activity_editor",
    "last_authenticated_at",
    "pending_cancellation_date",
    "plan_type",
    "updated_at",
];

/// All seats, whatever the pages, and how many people are said to have one.
async fn seats(client: &Client, path: &str) -> (Vec<Value>, usize) {
    let mut url = format!("{}{path}?per_page=100", client.simulator.url());
    let (mut seats, mut total) = (Vec::new(), None);
    loop {
        let answer = client.http.get(&url).bearer_auth("octocat-demo-token").send().await.unwrap();
        assert_eq!(answer.status(), 200, "{url}");
        let next = relation(answer.headers(), "next");
        let body: Value = answer.json().await.unwrap();
        assert_eq!(body.as_object().unwrap().len(), 2);
        let said = usize::try_from(body["total_seats"].as_u64().unwrap()).unwrap();
        assert_eq!(*total.get_or_insert(said), said);
        seats.extend(body["seats"].as_array().unwrap().clone());
        match next {
            Some(next) => url = next,
            None => return (seats, total.unwrap()),
        }
    }
}

fn instant(value: &Value) -> Option<DateTime<Utc>> {
    value.as_str().map(|text| text.parse().unwrap())
}

fn is_of(seat: &Value, org: &Entity) -> bool {
    seat["organization"]["id"] == org.id
}

#[tokio::test]
async fn a_seat_says_what_its_holder_did() {
    let client = Client::start(options()).await;
    let world = client.world();
    for (shift, org) in [(0, 0), (7, 1), (60, 0)] {
        let now = noon() + TimeDelta::days(shift);
        client.simulator.set_now(now);
        let org = &world.orgs()[org];
        let (seats, total) = seats(&client, &format!("/orgs/{}/copilot/billing/seats", org.login)).await;
        let holders = truth::holders(world, org, now);
        assert_eq!((seats.len(), total), (holders.len(), holders.len()));
        for (seat, person) in seats.iter().zip(holders) {
            assert_eq!(seat.as_object().unwrap().keys().collect::<Vec<_>>(), SEAT);
            assert_eq!(seat["assignee"]["id"], person.id);
            assert_eq!(seat["assignee"]["login"], person.login.as_str());
            assert_eq!(
                instant(&seat["last_activity_at"]),
                truth::last_activity(world, person, now),
                "{seat}"
            );
            assert_eq!(instant(&seat["created_at"]).unwrap().date_naive(), person.licensed_from());
            assert_eq!(seat["pending_cancellation_date"], json!(truth::pending(person, now)));
            assert_eq!(seat["plan_type"], person.plan_type());
            let team = world.assigning_team(org, person, now.date_naive());
            assert_eq!(seat["assigning_team"]["id"], json!(team.map(|team| team.id)));
        }
    }
}

#[tokio::test]
async fn nothing_about_a_seat_is_from_the_future_or_out_of_order() {
    let client = Client::start(options()).await;
    for (hour, minute) in [(0, 0), (9, 30), (18, 59), (23, 59)] {
        let now = noon().date_naive().and_hms_opt(hour, minute, 0).unwrap().and_utc();
        client.simulator.set_now(now);
        for seat in seats(&client, ENTERPRISE).await.0 {
            let (created, active) =
                (instant(&seat["created_at"]).unwrap(), instant(&seat["last_activity_at"]));
            let authenticated = instant(&seat["last_authenticated_at"]);
            assert!(created <= now, "{seat}");
            assert!(active.is_none_or(|active| created <= active && active <= now), "{seat}");
            assert!(active.is_none() || authenticated.is_some_and(|at| Some(at) < active), "{seat}");
            assert!(authenticated.is_none_or(|at| at <= now), "{seat}");
            assert_eq!(active.is_some(), seat["last_activity_editor"].is_string(), "{seat}");
        }
    }
}

#[tokio::test]
async fn seats_are_idle_for_every_length_of_time() {
    let client = Client::start(options()).await;
    let mut classes: BTreeMap<&str, usize> = BTreeMap::new();
    let (all, _) = seats(&client, ENTERPRISE).await;
    for seat in &all {
        let days = |value: &Value| instant(value).map(|at| (noon() - at).num_days());
        let class = match (days(&seat["last_activity_at"]), days(&seat["created_at"]).unwrap()) {
            (Some(..7), _) => "active",
            (Some(7..28), _) => "idle",
            (Some(28..90), _) => "idle for a month",
            (Some(90..), _) => "forgotten late",
            (None, 0..14) => "new",
            (None, _) => "forgotten",
        };
        *classes.entry(class).or_default() += 1;
    }
    assert!(classes["active"] > all.len() * 3 / 4, "{classes:?}");
    let expected = ["active", "forgotten", "idle", "idle for a month", "new"];
    assert_eq!(classes.keys().copied().collect::<Vec<_>>(), expected, "{classes:?}");
}

#[tokio::test]
async fn most_seats_came_with_a_team_and_some_differ_in_plan_time_zone_and_editor() {
    let client = Client::start(options()).await;
    let (all, _) = seats(&client, ORG).await;
    let count = |is: &dyn Fn(&Value) -> bool| all.iter().filter(|seat| is(seat)).count();
    let with_team = count(&|seat| seat["assigning_team"].is_object());
    assert!(with_team > all.len() / 2 && with_team < all.len() * 9 / 10, "{with_team} of {}", all.len());
    let enterprise = count(&|seat| seat["plan_type"] == "enterprise");
    assert!(enterprise > 0 && enterprise < all.len() / 3, "{enterprise}");
    let abroad = count(&|seat| seat["created_at"].as_str().unwrap().ends_with("T18:00:00-06:00"));
    assert!(abroad > 0 && abroad < all.len() / 2, "{abroad}");
    let editors: BTreeSet<_> = all.iter().filter_map(|seat| seat["last_activity_editor"].as_str()).collect();
    assert!(editors.contains("vscode/1.140.1/copilot-chat/0.48.0") && editors.len() > 5, "{editors:?}");
    let team = all.iter().find_map(|seat| seat["assigning_team"].as_object()).unwrap();
    assert!(team["type"] == "organization" && team.contains_key("parent"), "{team:?}");
}

#[tokio::test]
async fn the_enterprise_lists_a_seat_for_each_organisation_and_counts_people_once() {
    let client = Client::start(options()).await;
    let world = client.world();
    let (all, total) = seats(&client, ENTERPRISE).await;
    let people: BTreeSet<_> = all.iter().map(|seat| seat["assignee"]["id"].as_u64().unwrap()).collect();
    assert_eq!(total, people.len());
    assert_eq!(total, truth::holders(world, world.enterprise(), noon()).len());
    assert!(all.len() > total, "nobody has two seats");
    for org in world.orgs() {
        let of_org: Vec<_> = all.iter().filter(|seat| is_of(seat, org)).cloned().map(without_org).collect();
        assert_eq!(of_org, seats(&client, &format!("/orgs/{}/copilot/billing/seats", org.login)).await.0);
    }
}

fn without_org(mut seat: Value) -> Value {
    assert!(seat.as_object_mut().unwrap().remove("organization").is_some());
    seat
}

#[tokio::test]
async fn seats_have_50_on_a_page_and_at_most_100() {
    let client = Client::start(Options { orgs: 1, users: 260, ..options() }).await;
    let total = truth::holders(client.world(), &client.world().orgs()[0], noon()).len();
    assert!(total > 200);
    for (query, length) in [("", 50), ("?per_page=100", 100), ("?per_page=101", 100), ("?per_page=7", 7)] {
        let body = client.envelope(&format!("{ORG}{query}")).await;
        assert_eq!(body["seats"].as_array().unwrap().len(), length, "{query}");
        assert_eq!(body["total_seats"], total);
    }
    let beyond = client.envelope(&format!("{ORG}?page=99")).await;
    assert_eq!((&beyond["seats"], &beyond["total_seats"]), (&json!([]), &json!(total)));
    assert_eq!(seats(&client, ORG).await.0.len(), total);
}

#[tokio::test]
async fn seats_lead_on_by_numeric_ids() {
    let client = Client::start(options()).await;
    let org = client.world().orgs()[0].id;
    let first = client.get(&format!("{ORG}?per_page=2")).await;
    let next = relation(first.headers(), "next").unwrap();
    let twin = format!("/organizations/{org}/copilot/billing/seats?per_page=2&page=2");
    assert_eq!(next, format!("{}{twin}", client.simulator.url()));
    assert_eq!(client.envelope(&twin).await, client.envelope(&format!("{ORG}?per_page=2&page=2")).await);
    let enterprise = client.get(&format!("{ENTERPRISE}?per_page=2")).await;
    let next = relation(enterprise.headers(), "next").unwrap();
    assert!(next.ends_with(&format!("{ENTERPRISE}?per_page=2&page=2")), "{next}");
}

#[tokio::test]
async fn a_fault_can_strike_the_second_page_alone() {
    let fault = "path=/organizations/*/billing/seats?*&page=2,status=502";
    let client = Client::start(Options { faults: vec![fault.parse().unwrap()], ..options() }).await;
    let first = client.get(&format!("{ORG}?per_page=20")).await;
    assert_eq!(first.status(), 200);
    let next = relation(first.headers(), "next").unwrap();
    let second = client.http.get(&next).bearer_auth("octocat-demo-token").send().await.unwrap();
    assert_eq!(second.status(), 502);
    assert_eq!(client.status(&format!("{ORG}?per_page=20&page=3")).await, 200);
}

#[tokio::test]
async fn seats_that_did_not_change_are_not_sent_again() {
    let client = Client::start(options()).await;
    for path in [ORG, ENTERPRISE, BILLING] {
        let tag = header(&client.get(path).await, "etag").unwrap().to_owned();
        let again = |tag: &str| client.request(Method::GET, path).header("if-none-match", tag).send();
        assert_eq!(again(&tag).await.unwrap().status(), 304, "{path}");
        client.simulator.set_now(noon() + TimeDelta::days(12));
        assert_eq!(again(&tag).await.unwrap().status(), 200, "{path}");
        client.simulator.set_now(noon());
    }
}

#[tokio::test]
async fn an_organisation_says_how_many_seats_are_in_which_state() {
    let client = Client::start(Options { users: 600, ..options() }).await;
    for (now, org) in [(noon(), 0), (noon(), 1), (noon() + TimeDelta::days(11), 0)] {
        client.simulator.set_now(now);
        let org = &client.world().orgs()[org];
        let body = client.envelope(&format!("/orgs/{}/copilot/billing", org.login)).await;
        assert_eq!(body["seat_breakdown"], truth::breakdown(client.world(), org, now), "{}", org.login);
        assert!(body["seat_breakdown"]["pending_cancellation"].as_u64().unwrap() > 0);
        let fields: Vec<_> = body.as_object().unwrap().keys().map(String::as_str).collect();
        let expected = ["cli", "ide_chat", "plan_type", "platform_chat", "public_code_suggestions"];
        assert_eq!(fields, [&expected[..], &["seat_breakdown", "seat_management_setting"]].concat());
    }
}

#[tokio::test]
async fn seats_ask_for_their_scopes() {
    for (grants, expected) in [
        ("repo+user", [403; 3]),
        ("manage_billing:copilot", [200; 3]),
        ("read:org", [200, 200, 403]),
        ("read:enterprise", [403, 403, 200]),
        ("organization_copilot_seat_management:read", [200, 200, 403]),
        ("organization_administration:read", [200, 200, 403]),
        ("organization_copilot_metrics:read", [403; 3]),
        ("enterprise_copilot_metrics:read", [403; 3]),
        ("read:org+read:enterprise@octo-retail", [200, 200, 404]),
        ("read:org+read:enterprise@octo-retail:member", [403, 403, 404]),
        ("read:org+read:enterprise@octo-labs", [404; 3]),
    ] {
        let client = Client::start(with_tokens(&[&format!("t={grants}")])).await;
        let mut statuses = [0; 3];
        for (status, path) in statuses.iter_mut().zip([BILLING, ORG, ENTERPRISE]) {
            *status = client.status(path).await;
        }
        assert_eq!(statuses, expected, "{grants}");
    }
}

#[tokio::test]
async fn the_enterprise_has_seats_and_no_subscription_of_its_own() {
    let client = Client::start(options()).await;
    for path in ["/enterprises/octo-group/copilot/billing", "/orgs/nobody/copilot/billing/seats"] {
        assert_eq!(client.status(path).await, 404, "{path}");
    }
}

#[tokio::test]
async fn no_address_of_a_seat_leads_anywhere() {
    let client = Client::start(options()).await;
    let text = client.get(ENTERPRISE).await.text().await.unwrap();
    let hosts = text.split("https://").skip(1).map(|rest| rest.split('/').next().unwrap());
    assert!(hosts.into_iter().all(|host| host.ends_with("github.example")));
}

#[tokio::test]
async fn a_seat_is_listed_from_the_first_day_of_a_licence_to_the_last() {
    let client = Client::start(Options { users: 400, ..options() }).await;
    let world = client.world();
    let leaver = world.people().iter().find(|person| {
        let days = (person.licensed_from(), person.licensed_until());
        days.0 > noon().date_naive() - TimeDelta::days(300) && days.1.is_some()
    });
    let leaver = leaver.unwrap();
    let (from, until) = (leaver.licensed_from(), leaver.licensed_until().unwrap());
    let day = TimeDelta::days(1);
    for (date, listed) in [(from - day, false), (from, true), (until - day, true), (until, false)] {
        client.simulator.set_now(midnight(date));
        let (seats, _) = seats(&client, ENTERPRISE).await;
        assert_eq!(seats.iter().any(|seat| seat["assignee"]["id"] == leaver.id), listed, "{date}");
    }
}

fn midnight(day: NaiveDate) -> DateTime<Utc> {
    day.and_hms_opt(0, 0, 0).unwrap().and_utc()
}
