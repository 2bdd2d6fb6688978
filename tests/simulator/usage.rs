//! The usage API: every statement of its page, against the people themselves.

use chrono::{Days, TimeDelta};
use github_copilot_exporter::simulator::{Feature, Options};
use serde_json::{Value, json};

use crate::client::{Client, noon, options, relation, window};
use crate::truth;

fn day_of(day: &Value) -> &str {
    day["day"].as_str().unwrap()
}

#[tokio::test]
async fn an_organisation_is_the_sum_of_its_people_on_each_of_28_days_up_to_yesterday() {
    let client = Client::start(options()).await;
    for org in client.world().orgs() {
        let days = client.list(&format!("/orgs/{}/copilot/usage", org.login)).await;
        let expected = window("2026-11-20");
        let expected: Vec<_> = expected
            .iter()
            .map(|day| truth::day(client.world(), client.world().people_of(org), *day))
            .collect();
        assert_eq!(days, expected);
        assert!(
            days.iter().filter(|day| day["total_suggestions_count"].as_u64().unwrap() > 1_000).count() > 15
        );
    }
}

#[tokio::test]
async fn every_team_is_the_sum_of_its_members_on_the_days_it_has_five_with_a_licence() {
    let client = Client::start(options()).await;
    let world = client.world();
    let (mut withheld, mut partly) = (0, 0);
    for owner in world.orgs().iter().chain([world.enterprise()]) {
        let base = if owner.login == world.enterprise().login { "enterprises" } else { "orgs" };
        for team in &owner.teams {
            let days =
                client.list(&format!("/{base}/{}/team/{}/copilot/usage", owner.login, team.slug)).await;
            assert_eq!(days, truth::team(world, team, &window("2026-11-20")), "{}", team.slug);
            withheld += usize::from(days.is_empty());
            partly += usize::from((1..28).contains(&days.len()));
        }
    }
    assert!(withheld > 0 && partly > 0, "{withheld} teams withheld, {partly} partly");
}

#[tokio::test]
async fn the_enterprise_counts_people_in_two_organisations_once() {
    let client = Client::start(options()).await;
    let world = client.world();
    let whole = client.list("/enterprises/octo-group/copilot/usage").await;
    let expected: Vec<_> =
        window("2026-11-20").iter().map(|day| truth::day(world, world.people(), *day)).collect();
    assert_eq!(whole, expected);
    let mut parts = 0;
    for org in world.orgs() {
        let days = client.list(&format!("/orgs/{}/copilot/usage", org.login)).await;
        parts += days.iter().map(|day| day["total_active_users"].as_u64().unwrap()).sum::<u64>();
    }
    let whole: u64 = whole.iter().map(|day| day["total_active_users"].as_u64().unwrap()).sum();
    assert!(parts > whole, "nobody is in two organisations");
}

#[tokio::test]
async fn people_without_telemetry_count_nowhere() {
    let client = Client::start(options()).await;
    let world = client.world();
    let shown = |telemetry| {
        let people = world.people().iter().filter(move |person| person.telemetry == telemetry);
        let days = window("2026-11-20");
        let deeds = people.flat_map(|person| days.iter().flat_map(|day| world.deeds(person, *day)));
        deeds.filter(|deed| deed.feature == Feature::CodeCompletion).map(|deed| deed.generations).sum::<u64>()
    };
    let days = client.list("/enterprises/octo-group/copilot/usage").await;
    let told: u64 = days.iter().map(|day| day["total_suggestions_count"].as_u64().unwrap()).sum();
    assert_eq!(told, shown(true));
    assert!(shown(false) > 0, "those without telemetry did nothing that could be missed");
}

#[tokio::test]
async fn every_day_has_every_field_of_the_schema_as_an_integer() {
    let client = Client::start(options()).await;
    let days = client.list("/orgs/octo-retail/copilot/usage").await;
    let integers = |value: &Value, texts: &[&str]| {
        let fields = value.as_object().unwrap();
        let fits = |(name, value): (&String, &Value)| {
            if texts.contains(&name.as_str()) { value.is_string() } else { value.is_u64() }
        };
        fields.iter().filter(|(name, _)| *name != "breakdown").all(fits)
    };
    for day in &days {
        assert_eq!(day.as_object().unwrap().len(), 10, "{day}");
        assert!(integers(day, &["day"]), "{day}");
        for row in day["breakdown"].as_array().unwrap() {
            assert_eq!(row.as_object().unwrap().len(), 7, "{row}");
            assert!(integers(row, &["language", "editor"]), "{row}");
        }
    }
    let editors: Vec<_> = days[0]["breakdown"].as_array().unwrap().iter().map(|row| &row["editor"]).collect();
    assert!(editors.contains(&&json!("jetbrains")) && !editors.contains(&&json!("intellij")));
}

#[tokio::test]
async fn any_page_size_gives_the_same_days_once_each() {
    let client = Client::start(options()).await;
    let whole = client.list("/orgs/octo-retail/copilot/usage").await;
    for per_page in [1, 5, 7, 13, 27, 28] {
        let (days, pages) =
            client.all_pages(&format!("/orgs/OCTO-retail/copilot/usage?per_page={per_page}")).await;
        assert_eq!(days, whole, "{per_page} per page");
        assert_eq!(pages, 28_usize.div_ceil(per_page));
    }
    let team = "/orgs/octo-retail/team/payments/copilot/usage";
    assert_eq!(client.all_pages(&format!("{team}?per_page=3")).await.0, client.list(team).await);
    let enterprise = "/enterprises/octo-group/team/ent:core/copilot/usage";
    assert_eq!(client.all_pages(&format!("{enterprise}?per_page=9")).await.0, client.list(enterprise).await);
}

#[tokio::test]
async fn pages_hold_28_days_unless_fewer_are_asked_for() {
    let client = Client::start(options()).await;
    for (query, length) in [
        ("", 28),
        ("?per_page=29", 28),
        ("?per_page=0", 28),
        ("?per_page=many", 28),
        ("?per_page=-3", 28),
        ("?per_page=10", 10),
        ("?per_page=10&page=3", 8),
        ("?per_page=10&page=4", 0),
        ("?page=2", 0),
        ("?page=0&per_page=2", 2),
    ] {
        let days = client.list(&format!("/orgs/octo-retail/copilot/usage{query}")).await;
        assert_eq!(days.len(), length, "{query}");
    }
}

#[tokio::test]
async fn the_link_header_leads_on_by_numeric_ids_and_keeps_the_parameters() {
    let client = Client::start(options()).await;
    let org = &client.world().orgs()[0];
    let since = "since=2026-11-01T00%3A00%3A00Z";
    let answer = client.get(&format!("/orgs/octo-retail/copilot/usage?{since}&per_page=5&page=2")).await;
    let expected = |page| {
        let path = format!("/organizations/{}/copilot/usage", org.id);
        Some(format!("{}{path}?{since}&per_page=5&page={page}", client.simulator.url()))
    };
    for (name, page) in [("first", 1), ("prev", 1), ("next", 3), ("last", 4)] {
        assert_eq!(relation(answer.headers(), name), expected(page), "{name}");
    }
    let team = &org.teams[0];
    let answer = client.get(&format!("/orgs/octo-retail/team/{}/copilot/usage?per_page=5", team.slug)).await;
    let next = relation(answer.headers(), "next").unwrap();
    assert!(next.contains(&format!("/organizations/{}/team/{}/copilot/usage?", org.id, team.id)), "{next}");
    let one_page = client.get("/orgs/octo-retail/copilot/usage").await;
    assert!(one_page.headers().get("link").is_none());
}

#[tokio::test]
async fn links_stay_on_the_host_as_the_client_calls_it() {
    let client = Client::start(options()).await;
    let request = client.request(reqwest::Method::GET, "/orgs/octo-retail/copilot/usage?per_page=5");
    let answer = request.header("host", "github.test:1234").send().await.unwrap();
    let next = relation(answer.headers(), "next").unwrap();
    assert!(next.starts_with("http://github.test:1234/organizations/"), "{next}");
}

#[tokio::test]
async fn numeric_paths_answer_what_the_named_ones_answer() {
    let client = Client::start(options()).await;
    let org = &client.world().orgs()[1];
    let (login, id, team) = (&org.login, org.id, &org.teams[0]);
    for (named, numeric) in [
        (format!("/orgs/{login}/copilot/usage"), format!("/organizations/{id}/copilot/usage")),
        (
            format!("/orgs/{login}/team/{}/copilot/usage", team.slug),
            format!("/organizations/{id}/team/{}/copilot/usage", team.id),
        ),
    ] {
        assert_eq!(client.list(&named).await, client.list(&numeric).await, "{named}");
    }
}

#[tokio::test]
async fn since_and_until_choose_days() {
    let client = Client::start(options()).await;
    let whole = client.list("/orgs/octo-retail/copilot/usage").await;
    for (query, first, last) in [
        ("since=2026-10-23T00:00:00Z", 0, 28),
        ("since=2026-11-10T18:00:00Z", 18, 28),
        ("until=2026-11-01T00:00:00Z", 0, 10),
        ("since=2026-11-10T00:00:00Z&until=2026-11-12T00:00:00Z", 18, 21),
        ("since=2026-11-19T00:00:00Z&until=2027-01-01T00:00:00Z", 27, 28),
        ("since=2026-11-20T00:00:00Z", 28, 28),
    ] {
        let days = client.list(&format!("/orgs/octo-retail/copilot/usage?{query}")).await;
        assert_eq!(days, whole[first..last], "{query}");
    }
}

#[tokio::test]
async fn unusable_instants_are_refused_with_the_field() {
    let client = Client::start(options()).await;
    for (query, field) in [
        ("since=2026-11-10", "since"),
        ("since=2026-10-22T23:59:59Z", "since"),
        ("until=soon", "until"),
        ("since=2026-11-12T00:00:00Z&until=2026-11-11T00:00:00Z", "until"),
    ] {
        let answer = client.get(&format!("/orgs/octo-retail/copilot/usage?{query}")).await;
        assert_eq!(answer.status(), 422, "{query}");
        let body: Value = answer.json().await.unwrap();
        assert_eq!(body["message"], "Validation Failed");
        assert_eq!(body["status"], "422");
        assert_eq!(body["errors"][0]["field"], field, "{query}");
        assert_eq!(body["errors"][0]["code"], "invalid");
    }
}

#[tokio::test]
async fn a_day_without_anybody_is_an_element_of_zeros() {
    let client = Client::start(Options { users: 0, ..options() }).await;
    let days = client.list("/orgs/octo-retail/copilot/usage").await;
    assert_eq!(days.len(), 28);
    assert_eq!(days[0], truth::day(client.world(), [], "2026-10-23".parse().unwrap()));
    assert_eq!(days[0]["breakdown"], json!([]));
    assert_eq!(days[0]["total_chat_turns"], 0);
    assert_eq!(client.list("/orgs/octo-retail/team/payments/copilot/usage").await, [] as [Value; 0]);
}

#[tokio::test]
async fn names_are_not_case_sensitive_and_may_be_percent_encoded() {
    let client = Client::start(options()).await;
    for (path, twin) in [
        ("/orgs/octo-retail/copilot/usage", "/orgs/OCTO-Retail/copilot/usage"),
        ("/orgs/octo-retail/team/payments/copilot/usage", "/orgs/octo-retail/team/Payments/copilot/usage"),
        ("/enterprises/octo-group/copilot/usage", "/enterprises/Octo-Group/copilot/usage"),
        (
            "/enterprises/octo-group/team/ent:core/copilot/usage",
            "/enterprises/octo-group/team/ent%3ACORE/copilot/usage",
        ),
    ] {
        assert_eq!(client.list(path).await, client.list(twin).await, "{twin}");
    }
}

#[tokio::test]
async fn the_newest_day_is_yesterday_whatever_day_it_is() {
    let client = Client::start(options()).await;
    for days in [0, 1, 9, 400] {
        client.simulator.set_now(noon() + TimeDelta::days(days));
        let yesterday = (noon().date_naive() + Days::new(days.unsigned_abs())).pred_opt().unwrap();
        let newest = client.list("/orgs/octo-retail/copilot/usage").await.pop().unwrap();
        assert_eq!(day_of(&newest), yesterday.to_string());
    }
}

#[tokio::test]
async fn a_day_keeps_its_numbers_when_time_moves() {
    let client = Client::start(options()).await;
    for path in ["/orgs/octo-retail/copilot/usage", "/orgs/octo-retail/team/payments/copilot/usage"] {
        client.simulator.set_now(noon());
        let before = client.list(path).await;
        client.simulator.set_now(noon() + TimeDelta::days(10));
        let after = client.list(path).await;
        assert_eq!(before[10..], after[..18], "{path}");
    }
}

#[tokio::test]
async fn two_simulators_with_the_same_seed_and_time_answer_byte_for_byte() {
    let [one, two] = [Client::start(options()).await, Client::start(options()).await];
    let other = Client::start(Options { seed: 2, ..options() }).await;
    for path in [
        "/orgs/octo-retail/copilot/usage",
        "/orgs/octo-retail/team/payments/copilot/usage",
        "/orgs/octo-retail/teams",
        "/enterprises/octo-group/copilot/usage",
        "/enterprises/octo-group/teams",
    ] {
        let bytes = one.get(path).await.bytes().await.unwrap();
        assert_eq!(bytes, two.get(path).await.bytes().await.unwrap(), "{path}");
        assert_ne!(bytes, other.get(path).await.bytes().await.unwrap(), "{path}");
    }
}

#[tokio::test]
async fn the_order_of_questions_does_not_change_the_answers() {
    let [one, two] = [Client::start(options()).await, Client::start(options()).await];
    let paths =
        ["/enterprises/octo-group/copilot/usage", "/orgs/octo-labs/copilot/usage", "/orgs/octo-labs/teams"];
    let mut forwards = Vec::new();
    for path in paths {
        forwards.push(one.list(path).await);
    }
    for (path, expected) in paths.iter().zip(&forwards).rev() {
        assert_eq!(two.list(path).await, *expected, "{path}");
    }
}

#[tokio::test]
async fn the_request_of_the_documentation_works_with_another_host() {
    let client = Client::start(options()).await;
    let request = reqwest::Client::builder().user_agent("curl/8.14.1").build().unwrap();
    let answer = request
        .get(format!("{}/orgs/octo-retail/copilot/usage", client.simulator.url()))
        .header("Accept", "application/vnd.github+json")
        .header("Authorization", "Bearer octocat-demo-token")
        .header("X-GitHub-Api-Version", "2022-11-28")
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "application/json; charset=utf-8");
    assert_eq!(answer.json::<Vec<Value>>().await.unwrap().len(), 28);
}
