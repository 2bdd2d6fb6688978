//! Bills, against what the people themselves used.

use chrono::{NaiveDate, TimeDelta};
use serde_json::{Value, json};

use crate::billing_truth::{self as truth, Sums};
use crate::client::{Client, header, noon, options, with_tokens};
use crate::report_truth::sorted;

const ORG: &str = "/organizations/octo-retail/settings/billing/ai_credit/usage";
const REQUESTS: &str = "/organizations/octo-retail/settings/billing/premium_request/usage";
const ENTERPRISE: &str = "/enterprises/octo-group/settings/billing/ai_credit/usage";
const ENTERPRISE_REQUESTS: &str = "/enterprises/octo-group/settings/billing/premium_request/usage";

fn days(first: &str, last: &str) -> Vec<NaiveDate> {
    let (first, last): (NaiveDate, NaiveDate) = (first.parse().unwrap(), last.parse().unwrap());
    first.iter_days().take_while(|day| *day <= last).collect()
}

fn credits(sums: &Sums) -> Vec<Value> {
    sorted(truth::items(sums, "Copilot AI Credits", "credits", 0.01))
}

fn requests(sums: &Sums) -> Vec<Value> {
    sorted(truth::items(sums, "Copilot Premium Request", "requests", 0.04))
}

async fn items(client: &Client, path: &str) -> Vec<Value> {
    sorted(client.envelope(path).await["usageItems"].as_array().unwrap().clone())
}

fn sum(items: &[Value], field: &str) -> f64 {
    items.iter().map(|item| item[field].as_f64().unwrap()).sum()
}

#[tokio::test]
async fn the_bill_of_a_month_is_what_the_people_used_until_today() {
    let client = Client::start(options()).await;
    let world = client.world();
    for (org, path) in [(0, ORG), (1, "/organizations/Octo-Labs/settings/billing/ai_credit/usage")] {
        let body = client.envelope(path).await;
        let org = &world.orgs()[org];
        assert_eq!(body["timePeriod"], json!({ "year": 2026, "month": 11 }));
        assert_eq!(body["organization"], org.login.as_str());
        assert_eq!(body.as_object().unwrap().len(), 3, "{body}");
        let expected = truth::credits(world, world.people_of(org), &days("2026-11-01", "2026-11-20"));
        assert!(expected.len() >= 6);
        assert_eq!(items(&client, path).await, credits(&expected));
    }
    let body = client.envelope(ENTERPRISE).await;
    assert_eq!((&body["enterprise"], body.get("organization")), (&json!("octo-group"), None));
    let expected = truth::credits(world, world.people(), &days("2026-11-01", "2026-11-20"));
    assert_eq!(items(&client, ENTERPRISE).await, credits(&expected));
}

#[tokio::test]
async fn days_months_and_years_can_be_asked_for() {
    let client = Client::start(options()).await;
    let world = client.world();
    let people = || world.people_of(&world.orgs()[0]);
    for (query, period, first, last) in [
        ("year=2026&month=9", json!({ "year": 2026, "month": 9 }), "2026-09-01", "2026-09-30"),
        ("month=8&day=12", json!({ "year": 2026, "month": 8, "day": 12 }), "2026-08-12", "2026-08-12"),
        ("day=19", json!({ "year": 2026, "month": 11, "day": 19 }), "2026-11-19", "2026-11-19"),
        ("day=20", json!({ "year": 2026, "month": 11, "day": 20 }), "2026-11-20", "2026-11-20"),
        ("year=2026", json!({ "year": 2026 }), "2026-06-01", "2026-11-20"),
    ] {
        let path = format!("{ORG}?{query}");
        assert_eq!(client.envelope(&path).await["timePeriod"], period, "{query}");
        let expected = truth::credits(world, people(), &days(first, last));
        assert_eq!(items(&client, &path).await, credits(&expected), "{query}");
    }
    for query in ["day=21", "month=12", "year=2027", "year=1999&month=1"] {
        assert_eq!(items(&client, &format!("{ORG}?{query}")).await, [] as [Value; 0], "{query}");
    }
}

#[tokio::test]
async fn the_days_of_a_month_add_up_to_it() {
    let client = Client::start(options()).await;
    let month = items(&client, &format!("{ENTERPRISE}?month=10")).await;
    let mut all = Vec::new();
    for day in 1..=31 {
        all.extend(items(&client, &format!("{ENTERPRISE}?month=10&day={day}")).await);
    }
    for field in ["grossQuantity", "discountQuantity", "netAmount"] {
        let (whole, parts) = (sum(&month, field), sum(&all, field));
        assert!((whole - parts).abs() < 1e-6, "{field}: {whole} and {parts}");
    }
}

#[tokio::test]
async fn seats_include_a_part_and_amounts_follow_quantities_exactly() {
    let client = Client::start(options()).await;
    let items = items(&client, ENTERPRISE).await;
    let (gross, net) = (sum(&items, "grossAmount"), sum(&items, "netAmount"));
    assert!(0.0 < net && net < gross, "{net} of {gross}");
    let ten_thousandths = |item: &Value, field: &str| {
        let number = item[field].as_f64().unwrap() * 10_000.0;
        assert!((number - number.round()).abs() < 1e-6, "{field} of {item}");
        number.round()
    };
    for item in &items {
        let [gross, discount, net] =
            ["grossAmount", "discountAmount", "netAmount"].map(|field| ten_thousandths(item, field));
        assert!((net - gross + discount).abs() < 0.5, "{item}");
        assert!((gross * 100.0 - ten_thousandths(item, "grossQuantity")).abs() < 0.5, "{item}");
        assert_eq!(item.as_object().unwrap().len(), 11);
    }
}

#[tokio::test]
async fn credits_are_those_of_the_users_reports() {
    let client = Client::start(options()).await;
    for day in ["2026-11-16", "2026-11-17"] {
        let rows =
            client.records(&format!("/orgs/octo-retail/copilot/metrics/reports/users-1-day?day={day}")).await;
        let bill = items(&client, &format!("{ORG}?day={}", &day[8..])).await;
        let (told, billed) = (sum(&rows, "ai_credits_used"), sum(&bill, "grossQuantity"));
        assert!(told > 0.0 && (told - billed).abs() < 1e-6, "{told} and {billed} on {day}");
    }
}

#[tokio::test]
async fn credits_replaced_requests_on_the_first_of_june() {
    let client = Client::start(options()).await;
    let world = client.world();
    let people = || world.people_of(&world.orgs()[0]);
    for month in ["2026-03", "2026-04", "2026-05"] {
        let path = format!("{REQUESTS}?month={}", &month[5..]);
        let last = format!("{month}-{}", if month == "2026-04" { 30 } else { 31 });
        let expected = truth::requests(world, people(), &days(&format!("{month}-01"), &last));
        assert!(!expected.is_empty());
        assert_eq!(items(&client, &path).await, requests(&expected), "{month}");
        assert!(items(&client, &format!("{ORG}?month={}", &month[5..])).await.is_empty(), "{month}");
    }
    let year = truth::requests(world, world.people(), &days("2026-01-01", "2026-05-31"));
    assert_eq!(items(&client, &format!("{ENTERPRISE_REQUESTS}?year=2026")).await, requests(&year));
    for path in [REQUESTS, ENTERPRISE_REQUESTS] {
        for query in ["", "?month=6", "?month=6&day=1"] {
            assert!(items(&client, &format!("{path}{query}")).await.is_empty(), "{path}{query}");
        }
    }
    assert!(!items(&client, &format!("{ORG}?month=6&day=1")).await.is_empty());
}

#[tokio::test]
async fn a_bill_can_be_narrowed_and_says_so() {
    let client = Client::start(options()).await;
    let world = client.world();
    let month = days("2026-11-01", "2026-11-20");
    let whole = items(&client, ORG).await;
    let person = world.people_of(&world.orgs()[0]).max_by_key(|person| {
        month.iter().flat_map(|day| world.credits(person, *day).into_values()).sum::<u64>()
    });
    let person = person.unwrap();
    let of_person = credits(&truth::credits(world, [person], &month));
    let sonnet: Vec<_> = whole.iter().filter(|item| item["model"] == "Claude Sonnet 4.6").cloned().collect();
    assert!(!of_person.is_empty() && !sonnet.is_empty());
    for (query, echo, expected) in [
        (format!("user={}", person.login), json!({ "user": person.login }), of_person),
        ("user=nobody".into(), json!({ "user": "nobody" }), vec![]),
        ("model=Claude%20Sonnet%204.6".into(), json!({ "model": "Claude Sonnet 4.6" }), sonnet),
        ("product=Copilot".into(), json!({ "product": "Copilot" }), whole.clone()),
        ("product=Actions".into(), json!({ "product": "Actions" }), vec![]),
    ] {
        let path = format!("{ORG}?{query}");
        let body = client.envelope(&path).await;
        for (name, value) in echo.as_object().unwrap() {
            assert_eq!(body[name], *value, "{query}");
        }
        assert_eq!(body.as_object().unwrap().len(), 4, "{query}");
        assert_eq!(items(&client, &path).await, expected, "{query}");
    }
}

#[tokio::test]
async fn the_enterprise_bill_can_be_that_of_an_organisation_or_of_no_cost_centre() {
    let client = Client::start(options()).await;
    let path = format!("{ENTERPRISE}?organization=octo-retail");
    let body = client.envelope(&path).await;
    assert_eq!((&body["enterprise"], &body["organization"]), (&json!("octo-group"), &json!("octo-retail")));
    assert_eq!(items(&client, &path).await, items(&client, ORG).await);
    let none = items(&client, &format!("{ENTERPRISE}?cost_center_id=none")).await;
    assert_eq!(none, items(&client, ENTERPRISE).await);
    for query in ["organization=nobody", "cost_center_id=7"] {
        assert_eq!(client.status(&format!("{ENTERPRISE}?{query}")).await, 404, "{query}");
    }
}

#[tokio::test]
async fn a_time_that_is_none_is_a_bad_request() {
    let client = Client::start(options()).await;
    for query in ["year=soon", "month=13", "day=0", "day=31", "year=2025&month=2&day=29", "month="] {
        let answer = client.get(&format!("{ORG}?{query}")).await;
        assert_eq!(answer.status(), 400, "{query}");
        assert_eq!(answer.json::<Value>().await.unwrap()["status"], "400", "{query}");
    }
}

#[tokio::test]
async fn a_month_that_has_just_begun_has_a_bill() {
    let client = Client::start(options()).await;
    let world = client.world();
    for date in ["2026-11-01", "2026-12-01", "2027-01-01"] {
        let day: NaiveDate = date.parse().unwrap();
        client.simulator.set_now(day.and_hms_opt(0, 0, 0).unwrap().and_utc());
        let expected = truth::credits(world, world.people(), &[day]);
        assert_eq!(items(&client, ENTERPRISE).await, credits(&expected), "{date}");
    }
}

#[tokio::test]
async fn a_bill_grows_with_the_days_and_is_not_sent_again_before() {
    let client = Client::start(options()).await;
    let tag = header(&client.get(ORG).await, "etag").unwrap().to_owned();
    let again = || client.request(reqwest::Method::GET, ORG).header("if-none-match", &tag).send();
    assert_eq!(again().await.unwrap().status(), 304);
    let before = sum(&items(&client, ORG).await, "grossQuantity");
    client.simulator.set_now(noon() + TimeDelta::days(3));
    assert_eq!(again().await.unwrap().status(), 200);
    assert!(sum(&items(&client, ORG).await, "grossQuantity") > before);
}

#[tokio::test]
async fn bills_ask_for_their_scopes() {
    for (grants, expected) in [
        ("repo+user", [403; 2]),
        ("manage_billing:copilot", [200; 2]),
        ("read:org", [200, 403]),
        ("read:enterprise", [403, 200]),
        ("organization_administration:read", [200, 403]),
        ("organization_copilot_seat_management:read", [403; 2]),
        ("read:org+read:enterprise@octo-retail:member", [403, 404]),
        ("read:org@octo-labs", [404; 2]),
    ] {
        let client = Client::start(with_tokens(&[&format!("t={grants}")])).await;
        for paths in [[ORG, ENTERPRISE], [REQUESTS, ENTERPRISE_REQUESTS]] {
            let statuses = [client.status(paths[0]).await, client.status(paths[1]).await];
            assert_eq!(statuses, expected, "{grants} for {paths:?}");
        }
    }
    let client = Client::start(options()).await;
    for path in [ORG, ENTERPRISE] {
        assert_eq!(client.status(&path.replace("octo-", "acme-")).await, 404);
    }
}
