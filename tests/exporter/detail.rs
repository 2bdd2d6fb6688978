//! Names in an owner's own report that come twice, come in many spellings, come in thousands, and go.

use serde_json::{Value, json};

use crate::{
    company::NOON,
    examples::{DAY, Github, plain, watch_with},
    support::{Exporter, Scrape},
};

const OWNER: &str = r#"enterprise="",org="example-org",team="""#;

/// An element with so many prompts and outputs.
fn element(mut names: Value, interactions: u64, generations: u64) -> Value {
    names["user_initiated_interaction_count"] = interactions.into();
    names["code_generation_activity_count"] = generations.into();
    names
}

/// A GitHub whose newest day has these lists, and an exporter of it without the reports about people.
async fn github(lists: Value) -> (Github, Exporter) {
    let github = Github::start(|text| plain(text)).await;
    publish(&github, &lists);
    let exporter = watch_with(&github, NOON, &[("EXPORTER_SOURCES", "activity")]).await;
    (github, exporter)
}

fn publish(github: &Github, lists: &Value) {
    let mut day = json!({"day": DAY, "daily_active_users": 3});
    day.as_object_mut().unwrap().extend(lists.as_object().unwrap().clone());
    github.publish("/organization-28-day/latest", DAY, plain(json!({"day_totals": [day]}).to_string()));
}

async fn first(exporter: &Exporter) -> Scrape {
    exporter
        .until_by(0, "up", |scrape| {
            scrape.sum("github_copilot_exporter_source_up", &[r#"source="activity""#]) == 1.0
        })
        .await
}

fn series(family: &str, labels: &str) -> String {
    format!("github_copilot_{family}{{{OWNER},{labels}}}")
}

#[tokio::test]
async fn a_model_in_two_features_has_a_row_in_each_and_neither_contains_the_other() {
    let models = [("chat_inline", 3, 5), ("agent_edit", 0, 70)];
    let models = models.map(|(feature, prompts, outputs)| {
        element(json!({"model": "gpt-5.4", "feature": feature}), prompts, outputs)
    });
    let (_github, exporter) = github(json!({"totals_by_model_feature": models})).await;
    let scrape = first(&exporter).await;
    for (feature, prompts, outputs) in [("chat_inline", 3.0, 5.0), ("agent_edit", 0.0, 70.0)] {
        let labels = format!(r#"model="gpt-5.4",feature="{feature}""#);
        assert_eq!(scrape.get(&series("model_interactions", &labels)), Some(prompts));
        assert_eq!(scrape.get(&series("model_generations", &labels)), Some(outputs));
    }
    assert_eq!(scrape.sum("github_copilot_model_generations", &[]), 75.0);
    exporter.stop().await;
}

#[tokio::test]
async fn an_editor_that_is_no_longer_in_the_data_is_gone_with_all_its_series() {
    let ide = |name: &str| element(json!({"ide": name}), 1, 2);
    let (github, exporter) = github(json!({"totals_by_ide": [ide("vscode"), ide("eclipse")]})).await;
    let scrape = first(&exporter).await;
    assert_eq!(scrape.get(&series("editor_generations", r#"editor="eclipse""#)), Some(2.0));
    publish(&github, &json!({"totals_by_ide": [ide("vscode")]}));
    exporter.clock.advance(3600);
    let is_gone = |scrape: &Scrape| {
        !scrape
            .samples
            .keys()
            .any(|series| series.contains(r#"editor="eclipse""#) && series.contains("editor_generations"))
    };
    let scrape = exporter.until("eclipse is gone", is_gone).await;
    assert_eq!(scrape.get(&series("editor_generations", r#"editor="vscode""#)), Some(2.0));
    exporter.stop().await;
}

#[tokio::test]
async fn a_language_in_three_spellings_is_one_with_the_sum_of_them() {
    let languages = ["C#", "csharp", " CSharp"]
        .map(|language| element(json!({"language": language, "feature": "agent_edit"}), 0, 10));
    let (_github, exporter) = github(json!({"totals_by_language_feature": languages})).await;
    let scrape = first(&exporter).await;
    let all: Vec<_> = scrape.of("github_copilot_language_generations", &[]).collect();
    let one = series("language_generations", r#"language="csharp",feature="agent_edit""#);
    assert_eq!(all, [(&*one, 30.0)]);
    exporter.stop().await;
}

#[tokio::test]
async fn of_ten_thousand_models_the_busiest_fifty_stay_and_nothing_of_the_others_is_lost() {
    let models: Vec<Value> = (0..10_000)
        .map(|index| element(json!({"model": format!("m{index:05}"), "feature": "chat_inline"}), 1, index))
        .collect();
    let (_github, exporter) = github(json!({"totals_by_model_feature": models})).await;
    let scrape = first(&exporter).await;
    assert_eq!(scrape.of("github_copilot_model_generations", &[]).count(), 51);
    assert_eq!(scrape.sum("github_copilot_model_generations", &[]), f64::from((0..10_000).sum::<u32>()));
    assert_eq!(scrape.sum("github_copilot_model_interactions", &[]), 10_000.0);
    for kept in ["m09999", "m09950", "others"] {
        let labels = format!(r#"model="{kept}",feature="chat_inline""#);
        assert!(scrape.get(&series("model_generations", &labels)).is_some(), "{kept}");
    }
    let folded = |label: &str| {
        let labels = format!(r#"{{enterprise="",org="example-org",label="{label}"}}"#);
        scrape.get(&format!("github_copilot_exporter_folded_label_values{labels}"))
    };
    assert_eq!((folded("model"), folded("feature")), (Some(9_950.0), Some(0.0)));
    exporter.stop().await;
}

#[tokio::test]
async fn a_name_is_kept_or_folded_in_every_family_alike() {
    let feature = |name: &str, outputs| element(json!({"feature": name}), 1, outputs);
    let model = |feature: &str, outputs| element(json!({"model": "m", "feature": feature}), 1, outputs);
    let github = Github::start(|text| plain(text)).await;
    // Where both stand together, the one that is busier by itself is the other way round.
    publish(
        &github,
        &json!({
            "totals_by_feature": [feature("agent_edit", 9), feature("chat_inline", 5)],
            "totals_by_model_feature": [model("agent_edit", 1), model("chat_inline", 2)],
        }),
    );
    let variables = [("EXPORTER_SOURCES", "activity"), ("EXPORTER_MAX_LABEL_VALUES", "1")];
    let exporter = watch_with(&github, NOON, &variables).await;
    let scrape = first(&exporter).await;
    for (feature, outputs) in [("agent_edit", 1.0), ("others", 2.0)] {
        let labels = format!(r#"model="m",feature="{feature}""#);
        assert_eq!(scrape.get(&series("model_generations", &labels)), Some(outputs), "{feature}");
    }
    exporter.stop().await;
}
