//! The team lists.

use github_copilot_exporter::simulator::Options;
use serde_json::{Value, json};

use crate::client::{Client, options, relation, window};
use crate::truth;

const TEAM: [&str; 15] = [
    "id",
    "node_id",
    "url",
    "html_url",
    "name",
    "slug",
    "description",
    "privacy",
    "notification_setting",
    "permission",
    "type",
    "organization_id",
    "members_url",
    "repositories_url",
    "parent",
];

#[tokio::test]
async fn an_organisation_lists_its_teams_with_every_required_field() {
    let client = Client::start(options()).await;
    let org = &client.world().orgs()[0];
    let teams = client.list("/orgs/octo-retail/teams").await;
    assert_eq!(teams.len(), org.teams.len());
    for (listed, team) in teams.iter().zip(&org.teams) {
        let mut fields: Vec<_> = listed.as_object().unwrap().keys().map(String::as_str).collect();
        let mut expected = TEAM;
        fields.sort_unstable();
        expected.sort_unstable();
        assert_eq!(fields, expected);
        assert_eq!(listed["id"], team.id);
        assert_eq!(listed["slug"], team.slug.as_str());
        assert_eq!(listed["name"], team.name.as_str());
        assert_eq!(listed["type"], "organization");
        assert_eq!(listed["parent"]["id"], json!(team.parent));
        assert!(listed["parent"].is_null() || listed["parent"].get("parent").is_none());
    }
    assert!(teams.iter().any(|team| !team["parent"].is_null()), "no team is inside another");
}

#[tokio::test]
async fn the_enterprise_lists_teams_of_its_own_shape() {
    let client = Client::start(options()).await;
    let teams = client.list("/enterprises/octo-group/teams").await;
    let slugs: Vec<_> = teams.iter().map(|team| team["slug"].as_str().unwrap()).collect();
    assert_eq!(slugs, ["ent:core", "ent:ai-guild", "ent:security-champions"]);
    for team in &teams {
        for field in ["url", "members_url", "html_url", "name", "created_at", "updated_at"] {
            assert!(team[field].is_string(), "{field} of {team}");
        }
        assert!(team["id"].is_u64() && team.as_object().unwrap()["group_id"].is_null());
    }
}

#[tokio::test]
async fn team_lists_have_30_on_a_page_and_at_most_100() {
    let client = Client::start(Options { orgs: 1, teams: 120, ..options() }).await;
    for (query, length) in [("", 30), ("?per_page=100", 100), ("?per_page=101", 100), ("?per_page=7", 7)] {
        assert_eq!(client.list(&format!("/orgs/octo-retail/teams{query}")).await.len(), length, "{query}");
    }
    let (teams, pages) = client.all_pages("/orgs/octo-retail/teams?per_page=50").await;
    let ids: Vec<_> = teams.iter().map(|team| team["id"].as_u64().unwrap()).collect();
    let expected: Vec<_> = client.world().orgs()[0].teams.iter().map(|team| team.id).collect();
    assert_eq!((ids, pages), (expected, 3));
}

#[tokio::test]
async fn team_lists_lead_on_by_numeric_ids() {
    let client = Client::start(options()).await;
    let org = client.world().orgs()[0].id;
    let first = client.get("/orgs/octo-retail/teams?per_page=2").await;
    let next = relation(first.headers(), "next").unwrap();
    assert_eq!(next, format!("{}/organizations/{org}/team?per_page=2&page=2", client.simulator.url()));
    let enterprise = client.get("/enterprises/octo-group/teams?per_page=2").await;
    let next = relation(enterprise.headers(), "next").unwrap();
    assert!(next.ends_with("/enterprises/octo-group/teams?per_page=2&page=2"), "{next}");
}

#[tokio::test]
async fn no_address_in_a_list_leads_anywhere() {
    let client = Client::start(options()).await;
    for path in ["/orgs/octo-retail/teams", "/enterprises/octo-group/teams"] {
        let text = client.get(path).await.text().await.unwrap();
        let hosts = text.split("https://").skip(1).map(|rest| rest.split('/').next().unwrap());
        assert!(hosts.into_iter().all(|host| host.ends_with("github.example")), "{path}");
        assert!(!text.contains("127.0.0.1"), "{path} depends on the port");
    }
}

#[tokio::test]
async fn a_company_without_teams_lists_none() {
    let client = Client::start(Options { orgs: 1, teams: 0, users: 1, ..options() }).await;
    for path in ["/orgs/octo-retail/teams", "/enterprises/octo-group/teams"] {
        assert_eq!(client.list(path).await, [] as [Value; 0], "{path}");
    }
}

#[tokio::test]
async fn a_large_company_is_listed_and_counted_whole() {
    let client = Client::start(Options { orgs: 5, teams: 2_000, users: 6_000, ..options() }).await;
    let world = client.world();
    let mut listed = Vec::new();
    for org in world.orgs() {
        let (teams, pages) = client.all_pages(&format!("/orgs/{}/teams?per_page=100", org.login)).await;
        assert_eq!(pages, 4, "{}", org.login);
        listed.extend(teams.iter().map(|team| team["id"].as_u64().unwrap()));
        let team = org.teams.last().unwrap();
        let days = client.list(&format!("/orgs/{}/team/{}/copilot/usage", org.login, team.slug)).await;
        assert_eq!(days, truth::team(world, team, &window("2026-11-20")), "{}", team.slug);
    }
    listed.sort_unstable();
    listed.dedup();
    assert_eq!(listed.len(), 2_000);
}
