//! What Copilot has cost: GitHub's examples to the exposition, the turn of a month, refusals, many models.

use serde_json::{Value, json};
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{header, path, query_param},
};

use crate::{
    seats::{ORG, TOKEN, failures, lines, noon, ok, text, up},
    support::{Exporter, ManualClock, Scrape},
};

const CREDITS: &str = include_str!("examples/org-ai-credit-usage.json");
const REQUESTS: &str = include_str!("examples/org-premium-request-usage.json");

const BILLING: (&str, &str) = ("EXPORTER_SOURCES", "billing");
const AI_CREDIT: &str = "/organizations/octo/settings/billing/ai_credit/usage";
const PREMIUM: &str = "/organizations/octo/settings/billing/premium_request/usage";

fn is_up(scrape: &Scrape) -> bool {
    scrape.get(&up("billing")) == Some(1.0)
}

fn is_down(scrape: &Scrape) -> bool {
    scrape.get(&up("billing")) == Some(0.0)
}

fn gross(scrape: &Scrape) -> f64 {
    scrape.sum("github_copilot_billing_gross_amount_usd", &[])
}

fn month(scrape: &Scrape) -> Option<f64> {
    scrape.get(r#"github_copilot_billing_month_timestamp_seconds{enterprise="",org="octo",team=""}"#)
}

/// The starts of two months.
const NOVEMBER: f64 = 1_793_491_200.0;
const DECEMBER: f64 = 1_796_083_200.0;

/// A bill of a month with one item of so many dollars.
fn bill(month: u32, dollars: f64) -> Value {
    let item = json!({"product": "Copilot", "sku": "Copilot AI Credits", "model": "GPT-5", "unitType": "credits",
        "pricePerUnit": 0.01, "grossQuantity": dollars * 100.0, "grossAmount": dollars, "discountQuantity": 0,
        "discountAmount": 0, "netQuantity": dollars * 100.0, "netAmount": dollars});
    json!({"timePeriod": {"year": 2026, "month": month}, "organization": "octo", "usageItems": [item]})
}

fn nothing(month: u32) -> Value {
    json!({"timePeriod": {"year": 2026, "month": month}, "organization": "octo", "usageItems": []})
}

async fn answers(github: &MockServer, place: &str, answer: ResponseTemplate) {
    Mock::given(path(place)).respond_with(answer).mount(github).await;
}

async fn start(github: &MockServer) -> Exporter {
    Exporter::start(&github.uri(), &noon(), &[TOKEN, ORG, BILLING]).await
}

#[tokio::test]
async fn githubs_examples_give_what_one_would_write_by_hand() {
    let github = MockServer::start().await;
    let of_november = || query_param("month", "11");
    for (place, body) in [(AI_CREDIT, CREDITS), (PREMIUM, REQUESTS)] {
        let asked = Mock::given(path(place)).and(query_param("year", "2026")).and(of_november());
        asked.respond_with(text(body)).mount(&github).await;
    }
    let exporter = start(&github).await;
    let scrape = exporter.until_by(0, "billing is up", is_up).await;
    // The premium requests of the example are of May: what they cost is not of the month shown.
    let by_hand = r#"github_copilot_billing_quantity{product="copilot",sku="copilot ai credits",model="gpt-5",unit="credits"} 975
github_copilot_billing_gross_amount_usd{product="copilot",sku="copilot ai credits",model="gpt-5"} 9.75
github_copilot_billing_discount_amount_usd{product="copilot",sku="copilot ai credits",model="gpt-5"} 0
github_copilot_billing_net_amount_usd{product="copilot",sku="copilot ai credits",model="gpt-5"} 9.75
github_copilot_billing_month_timestamp_seconds 1793491200
"#;
    assert_eq!(lines(&scrape), by_hand);
    let unknown = r#"github_copilot_exporter_unknown_fields_total{report="billing"}"#;
    assert_eq!(scrape.get(unknown), Some(0.0), "what is documented is no news");
    let page = exporter.page().await;
    for words in ["November 2026", "9.75"] {
        assert!(page.contains(words), "{words} in {page}");
    }
    exporter.stop().await;
}

#[tokio::test]
async fn both_meters_of_one_month_are_one_bill() {
    let github = MockServer::start().await;
    answers(&github, AI_CREDIT, text(CREDITS)).await;
    answers(&github, PREMIUM, text(&REQUESTS.replace("\"month\": 5", "\"month\": 11"))).await;
    let exporter = start(&github).await;
    let scrape = exporter.until_by(0, "billing is up", is_up).await;
    let requests = [r#"sku="copilot premium request""#];
    assert_eq!(scrape.sum("github_copilot_billing_net_amount_usd", &requests), 4.8);
    assert_eq!(scrape.sum("github_copilot_billing_quantity", &[r#"unit="requests""#]), 120.0);
    assert_eq!(gross(&scrape), 14.55);
    exporter.stop().await;
}

#[tokio::test]
async fn a_meter_that_is_refused_leaves_the_other_up_and_everything_else() {
    for status in [403, 404] {
        let github = MockServer::start().await;
        answers(&github, AI_CREDIT, ok(bill(11, 3.5))).await;
        answers(&github, PREMIUM, ResponseTemplate::new(status)).await;
        let usage = json!([{"day": "2026-11-20", "total_suggestions_count": 7, "breakdown": []}]);
        answers(&github, "/orgs/octo/copilot/usage", ok(usage)).await;
        let sources = ("EXPORTER_SOURCES", "activity,billing");
        let exporter = Exporter::start(&github.uri(), &noon(), &[TOKEN, ORG, sources]).await;
        let both = |scrape: &Scrape| is_down(scrape) && scrape.get(&up("activity")) == Some(1.0);
        let scrape = exporter.until_by(0, "activity is up and billing down", both).await;
        assert_eq!((gross(&scrape), month(&scrape)), (3.5, Some(NOVEMBER)));
        let word = if status == 403 { "forbidden" } else { "not_found" };
        assert_eq!(failures(&scrape, "billing", word), 1.0);
        assert_eq!(failures(&scrape, "activity", word), 0.0);
        let page = exporter.page().await;
        for words in [word, "leave the source out of EXPORTER_SOURCES", "What was read is shown"] {
            assert!(page.contains(words), "{words} in {page}");
        }
        exporter.stop().await;
    }
}

#[tokio::test]
async fn meters_that_count_nothing_are_no_data_and_no_failure() {
    let github = MockServer::start().await;
    for place in [AI_CREDIT, PREMIUM] {
        answers(&github, place, ok(nothing(11))).await;
    }
    let exporter = start(&github).await;
    let scrape = exporter.until_by(0, "billing is up", is_up).await;
    assert_eq!(lines(&scrape), "github_copilot_billing_month_timestamp_seconds 1793491200\n");
    let no_data =
        r#"github_copilot_exporter_targets{enterprise="",org="octo",source="billing",state="no_data"}"#;
    assert_eq!(scrape.get(no_data), Some(1.0));
    exporter.stop().await;
}

#[tokio::test]
async fn of_two_meters_only_the_one_that_failed_is_tried_again() {
    let github = MockServer::start().await;
    answers(&github, AI_CREDIT, ok(bill(11, 3.5))).await;
    let failing = Mock::given(path(PREMIUM)).respond_with(ResponseTemplate::new(502)).with_priority(1);
    failing.up_to_n_times(1).mount(&github).await;
    answers(&github, PREMIUM, ok(bill(11, 1.0))).await;
    let exporter = start(&github).await;
    exporter.until_by(0, "billing is down", is_down).await;
    exporter.clock.advance(1800);
    let scrape = exporter.until("billing is up", is_up).await;
    assert_eq!(gross(&scrape), 4.5);
    let asked = github.received_requests().await.unwrap();
    let asked = |place: &str| asked.iter().filter(|request| request.url.path() == place).count();
    assert_eq!((asked(AI_CREDIT), asked(PREMIUM)), (1, 2));
    exporter.stop().await;
}

#[tokio::test]
async fn when_a_month_begins_the_last_one_is_never_mixed_with_it() {
    let github = MockServer::start().await;
    for place in [AI_CREDIT, PREMIUM] {
        let november = Mock::given(path(place)).and(query_param("month", "11"));
        november.respond_with(ok(bill(11, 5.0)).insert_header("etag", "\"nov\"")).mount(&github).await;
    }
    let december = |place| Mock::given(path(place)).and(query_param("month", "12"));
    december(AI_CREDIT).respond_with(ok(nothing(12))).mount(&github).await;
    let late = december(PREMIUM).respond_with(ResponseTemplate::new(503)).mount_as_scoped(&github).await;
    let clock = ManualClock::starting("2026-11-30T23:30:00Z");
    let exporter = Exporter::start(&github.uri(), &clock, &[TOKEN, ORG, BILLING]).await;
    let november = exporter.until_by(0, "billing is up", is_up).await;
    assert_eq!((gross(&november), month(&november)), (10.0, Some(NOVEMBER)));

    clock.advance(3600);
    let half = exporter.until("one meter of December", |scrape| month(scrape) == Some(DECEMBER)).await;
    assert_eq!(gross(&half), 0.0, "nothing yet, and nothing of November");
    assert_eq!(half.of("github_copilot_billing_gross_amount_usd", &[]).count(), 0, "no rows, so no zeros");
    drop(late);
    december(PREMIUM).respond_with(ok(bill(12, 1.25))).mount(&github).await;
    let whole = exporter.until("both meters of December", |scrape| gross(scrape) == 1.25).await;
    assert_eq!(month(&whole), Some(DECEMBER));
    exporter.stop().await;
}

#[tokio::test]
async fn a_bill_that_has_not_changed_is_not_sent_again() {
    let github = MockServer::start().await;
    for place in [AI_CREDIT, PREMIUM] {
        let known = Mock::given(path(place)).and(header("if-none-match", "\"b\""));
        known.respond_with(ResponseTemplate::new(304)).with_priority(1).mount(&github).await;
        answers(&github, place, ok(bill(11, 5.0)).insert_header("etag", "\"b\"")).await;
    }
    let exporter = start(&github).await;
    let first = exporter.until_by(0, "billing is up", is_up).await;
    exporter.clock.advance(3600);
    let unchanged = |scrape: &Scrape| {
        scrape.sum("github_copilot_exporter_github_requests_total", &[r#"code="304""#]) == 2.0
    };
    let second = exporter.until("unchanged", unchanged).await;
    assert_eq!(second.data(), first.data());
    exporter.stop().await;
}

#[tokio::test]
async fn an_answer_about_no_month_or_with_new_fields_is_told() {
    let github = MockServer::start().await;
    let mut more = bill(11, 1.0);
    more["brand_new"] = json!([1]);
    more["usageItems"][0]["also_new"] = json!({});
    answers(&github, AI_CREDIT, ok(more)).await;
    answers(&github, PREMIUM, ok(bill(13, 1.0))).await;
    let exporter = start(&github).await;
    let scrape = exporter.until_by(0, "billing is down", is_down).await;
    let unknown = r#"github_copilot_exporter_unknown_fields_total{report="billing"}"#;
    assert_eq!(scrape.get(unknown), Some(2.0));
    assert_eq!((failures(&scrape, "billing", "decode"), gross(&scrape)), (1.0, 1.0));
    exporter.stop().await;
}

#[tokio::test]
async fn ten_thousand_models_are_folded_and_nothing_of_the_sum_is_lost() {
    let github = MockServer::start().await;
    let mut many = bill(11, 1.0);
    let item = |index: u32| {
        let mut item = bill(11, f64::from(index))["usageItems"][0].take();
        item["model"] = json!(format!("Model-{index}"));
        item
    };
    many["usageItems"] = (1..=10_000).map(item).collect();
    answers(&github, AI_CREDIT, ok(many)).await;
    answers(&github, PREMIUM, ok(nothing(11))).await;
    let exporter = start(&github).await;
    let scrape = exporter.until_by(0, "billing is up", is_up).await;
    assert_eq!(scrape.of("github_copilot_billing_gross_amount_usd", &[]).count(), 51);
    assert_eq!(gross(&scrape), 50_005_000.0);
    let kept = scrape.sum("github_copilot_billing_gross_amount_usd", &[r#"model="model-9951""#]);
    assert_eq!(kept, 9951.0);
    let folded = r#"github_copilot_exporter_folded_label_values{enterprise="",org="octo",label="model"}"#;
    assert_eq!(scrape.get(folded), Some(9950.0));
    exporter.stop().await;
}
