//! What cannot work, or would ask GitHub twice, is refused, and the message names the value.

use serde_json::{Value, json};

use super::{
    Chart,
    render::{Helm, NEWEST, merged, minimal},
};

/// Values on top of the minimal ones, and how the message begins.
fn refused() -> Vec<(Value, &'static str)> {
    let token = |token: Value| json!({"github": {"token": token}});
    let app = |app: Value| json!({"github": {"app": app}});
    let web = |web: Value| json!({"web": web});
    vec![
        (json!({"github": {"orgs": []}}), "github.orgs: nothing to watch"),
        (token(json!({"existingSecret": ""})), "github.token.existingSecret: no credential"),
        (token(json!({"value": "ghp_x"})), "github.token.value: there is github.token.existingSecret"),
        (
            token(json!({"existingSecret": "", "value": "ghp_x", "perOwner": true})),
            "github.token.perOwner: needs github.token.existingSecret",
        ),
        (app(json!({"id": "1"})), "github.app.id: an App is its id and its key"),
        (app(json!({"existingSecret": "key"})), "github.app.id: an App is its id and its key"),
        (
            app(json!({"id": "1", "existingSecret": "key", "privateKey": "-----BEGIN "})),
            "github.app.privateKey: there is github.app.existingSecret",
        ),
        (json!({"replicaCount": 2}), "replicaCount: each pod asks GitHub for the same"),
        (
            json!({"replicaCount": 2, "allowMoreReplicas": true, "state": {"persistence": {"enabled": true}}}),
            "state.persistence.enabled: the state is of one pod alone",
        ),
        (web(json!({"tls": true})), "web.tls: needs web.existingSecret"),
        (
            web(json!({"existingSecret": "web", "certificateSecret": "tls"})),
            "web.certificateSecret: needs web.tls",
        ),
        (
            web(json!({"existingSecret": "web", "clientCertificates": true})),
            "web.clientCertificates: needs web.tls",
        ),
        (
            json!({"serviceMonitor": {"enabled": true}, "podMonitor": {"enabled": true}}),
            "podMonitor.enabled: there is a ServiceMonitor",
        ),
        (
            json!({
                "web": {"existingSecret": "web", "tls": true, "clientCertificates": true},
                "serviceMonitor": {"enabled": true},
            }),
            "web.client.certificate.existingSecret: Prometheus needs a client certificate",
        ),
        (
            json!({"extraEnv": [{"name": "EXPORTER_LOG_LEVEL", "value": "debug"}]}),
            "extraEnv: EXPORTER_LOG_LEVEL is set by a value of its own",
        ),
        (
            json!({"extraEnv": [{"name": "GITHUB_TOKEN_FILE", "value": "/x"}]}),
            "extraEnv: GITHUB_TOKEN_FILE is set by a value of its own",
        ),
    ]
}

#[test]
fn what_cannot_work_is_refused_by_the_name_of_the_value() {
    let chart = Chart::ours();
    for helm in Helm::ALL {
        for (values, expected) in refused() {
            let said = helm.template(&chart, NEWEST, &merged(&minimal(), &values)).unwrap_err();
            assert!(said.contains(expected), "{values}: {said}");
        }
    }
}

#[test]
fn each_refusal_has_its_test() {
    let text = Chart::ours().read("templates/_refusals.tpl");
    let messages: Vec<_> = text
        .split("fail \"")
        .chain(text.split("printf \""))
        .skip(1)
        .filter_map(|rest| rest.split_once(':').map(|(value, _)| value))
        .filter(|value| value.len() < 60 && value.chars().all(|c| c.is_ascii_alphanumeric() || c == '.'))
        .collect();
    assert!(messages.len() > 12, "{messages:?}");
    for value in messages {
        assert!(
            refused().iter().any(|(_, expected)| expected.starts_with(&format!("{value}:"))),
            "nothing is refused for {value}"
        );
    }
}

#[test]
fn no_refusal_can_be_left_out_unseen() {
    for name in ["owners", "credential", "replicas", "web", "monitors", "extra-env"] {
        let include = format!("{{{{- include \"github-copilot-exporter.refusals.{name}\" . }}}}\n");
        let lenient = Chart::changed("templates/_refusals.tpl", &include, "");
        let is_taken =
            |values: &Value| Helm::Four.template(&lenient, NEWEST, &merged(&minimal(), values)).is_ok();
        assert!(refused().iter().any(|(values, _)| is_taken(values)), "{name}");
    }
}

#[test]
fn a_credential_or_owner_may_come_in_ways_that_only_the_cluster_knows() {
    let chart = Chart::ours();
    for values in [
        json!({"extraEnvFrom": [{"secretRef": {"name": "all"}}]}),
        json!({"extraEnv": [{"name": "GITHUB_TOKEN", "value": "x"}, {"name": "GITHUB_ORGS", "value": "octo"}]}),
        json!({"extraEnv": [{"name": "GITHUB_TOKEN_FILE", "value": "/x"}], "github": {"enterprise": "group"}}),
    ] {
        Helm::Four.template(&chart, NEWEST, &values).unwrap();
    }
    let without_owner = json!({"extraEnv": [{"name": "GITHUB_TOKEN", "value": "x"}]});
    let said = Helm::Four.template(&chart, NEWEST, &without_owner).unwrap_err();
    assert!(said.contains("github.orgs: nothing to watch"), "{said}");
}

#[test]
fn values_of_odd_form_are_refused_by_the_schema() {
    let chart = Chart::ours();
    for (values, pointer) in [
        (json!({"image": {"digest": "sha256:abc"}}), "/image/digest"),
        (json!({"image": {"pullPolicy": "Sometimes"}}), "/image/pullPolicy"),
        (json!({"github": {"token": {"value": "two words"}}}), "/github/token/value"),
        (json!({"github": {"app": {"privateKey": "key.pem"}}}), "/github/app/privateKey"),
        (json!({"github": {"orgs": ["a,b"]}}), "/github/orgs/0"),
        (json!({"github": {"orgs": "octo"}}), "/github/orgs"),
        (json!({"proxy": {"https": "proxy.example:3128"}}), "/proxy/https"),
        (json!({"proxy": {"https": "http://user:secret@proxy.example"}}), "/proxy/https"),
        (json!({"state": {"sizeLimit": "big"}}), "/state/sizeLimit"),
        (json!({"service": {"port": 0}}), "/service/port"),
        (json!({"networkPolicy": {"dnsPorts": []}}), "/networkPolicy/dnsPorts"),
        (json!({"serviceMonitor": {"interval": "often"}}), "/serviceMonitor/interval"),
        (
            json!({"prometheusRule": {"alerts": {"GithubCopilotRateLimitNearlySpent": {"share": 15}}}}),
            "/prometheusRule/alerts/GithubCopilotRateLimitNearlySpent/share",
        ),
        (json!({"prometheusRule": {"runbookUrl": "https://a/#b"}}), "/prometheusRule/runbookUrl"),
        (json!({"commonLabels": {"cost": 42}}), "/commonLabels/cost"),
    ] {
        let said = Helm::Four.template(&chart, NEWEST, &merged(&minimal(), &values)).unwrap_err();
        assert!(said.contains(&format!("'{pointer}'")), "{values}: {said}");
    }
}
