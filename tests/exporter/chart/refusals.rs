//! What cannot work, or would ask GitHub twice, is refused, and the message names the value.

use serde_json::{Value, json};

use super::{
    Chart,
    render::{Helm, NEWEST, merged, minimal},
};

/// Values on top of the minimal ones, and how the message begins.
type Refused = Vec<(Value, &'static str)>;

fn refused() -> Refused {
    [of_github(), of_the_pod(), of_web(), of_the_environment()].concat()
}

fn of_github() -> Refused {
    let token = |token: Value| json!({"github": {"token": token}});
    let app = |app: Value| json!({"github": {"app": app}});
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
    ]
}

fn of_the_pod() -> Refused {
    vec![
        (json!({"exporter": {"listenAddress": "127.0.0.1:10220"}}), "exporter.listenAddress: neither"),
        (json!({"test": {"image": {"tag": ""}}}), "test.image.tag: empty, and so is test.image.digest"),
        (json!({"replicaCount": 2}), "replicaCount: each pod asks GitHub for the same"),
        (
            json!({"replicaCount": 2, "allowMoreReplicas": true, "state": {"persistence": {"enabled": true}}}),
            "state.persistence.enabled: the state is of one pod alone",
        ),
        (
            json!({"state": {"enabled": false, "persistence": {"enabled": true}}}),
            "state.persistence.enabled: needs state.enabled",
        ),
        (
            json!({"state": {"persistence": {"existingClaim": "copilot"}}}),
            "state.persistence.existingClaim: needs state.persistence.enabled",
        ),
    ]
}

fn of_web() -> Refused {
    let web = |web: Value| json!({"web": web});
    vec![
        (web(json!({"tls": true})), "web.tls: needs web.existingSecret"),
        (
            web(json!({"client": {"basicAuth": {"existingSecret": "scraper"}}})),
            "web.client.basicAuth.existingSecret: needs web.existingSecret",
        ),
        (
            web(json!({"existingSecret": "web", "client": {"certificate": {"existingSecret": "scraper"}}})),
            "web.client.certificate.existingSecret: needs web.existingSecret and web.tls",
        ),
        (
            web(json!({"client": {"ca": {"existingSecret": "ca"}}})),
            "web.client.ca.existingSecret: needs web.existingSecret and web.tls",
        ),
        (
            web(json!({"client": {"serverName": "copilot.example"}})),
            "web.client.serverName: needs web.existingSecret and web.tls",
        ),
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
    ]
}

fn of_the_environment() -> Refused {
    vec![
        (
            json!({"extraEnv": [{"name": "EXPORTER_LOG_LEVEL", "value": "debug"}]}),
            "extraEnv: EXPORTER_LOG_LEVEL is set by a value of its own",
        ),
        (
            json!({"extraEnv": [{"name": "GITHUB_TOKEN_FILE", "value": "/x"}]}),
            "extraEnv: GITHUB_TOKEN_FILE is set by a value of its own",
        ),
        (
            json!({"extraEnv": [{"name": "GITHUB_TOKEN", "value": "ghp_x"}]}),
            "extraEnv: GITHUB_TOKEN excludes github.token",
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
    for name in [
        "owners",
        "credential",
        "address",
        "replicas",
        "state",
        "web",
        "client",
        "monitors",
        "extra-env",
        "test",
    ] {
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
        (json!({"nameOverride": "9lives"}), "/nameOverride"),
        (json!({"fullnameOverride": "copilot.exporter"}), "/fullnameOverride"),
        (json!({"proxy": {"https": "http://proxy.example:65536"}}), "/proxy/https"),
        (json!({"github": {"apiUrl": "https://github.example:99999"}}), "/github/apiUrl"),
        (json!({"github": {"app": {"id": 0, "existingSecret": "key"}}}), "/github/app/id"),
        (json!({"github": {"app": {"id": 1.5, "existingSecret": "key"}}}), "/github/app/id"),
        (json!({"podMonitor": {"scrapeTimeout": "0s"}}), "/podMonitor/scrapeTimeout"),
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

#[test]
fn an_address_that_no_probe_can_reach_is_refused() {
    let chart = Chart::ours();
    let listening = |address: &str| {
        let values = json!({"exporter": {"listenAddress": address}});
        Helm::Four.template(&chart, NEWEST, &merged(&minimal(), &values))
    };
    for address in [
        "127.1.2.3:80",
        "[::1]:10220",
        "[0:0:0:0:0:0:0:1]:10220",
        "[::ffff:127.0.0.1]:10220",
        "[0:0:0:0:0:FFFF:127.0.0.1]:10220",
    ] {
        let said = listening(address).unwrap_err();
        assert!(said.contains("exporter.listenAddress: neither the kubelet"), "{address}: {said}");
    }
    for address in ["localhost:10220", "0.0.0.0:65536", "0.0.0.0:0"] {
        let said = listening(address).unwrap_err();
        assert!(said.contains("'/exporter/listenAddress'"), "{address}: {said}");
    }
    for address in
        ["[::]:65535", "0.0.0.0:1", ":59999", "10.127.0.1:10220", "[fd00::1]:65529", "[::127.0.0.1]:80"]
    {
        listening(address).unwrap_or_else(|said| panic!("{address}: {said}"));
    }
}

#[test]
fn a_part_of_the_values_that_is_taken_away_is_missed_by_name() {
    let chart = Chart::ours();
    for path in [
        "github",
        "github.token",
        "github.app",
        "exporter",
        "state",
        "state.persistence",
        "web",
        "web.client",
        "web.client.basicAuth",
        "web.client.certificate",
        "web.client.ca",
        "proxy",
        "image",
        "serviceAccount",
        "service",
        "serviceMonitor",
        "podMonitor",
        "prometheusRule",
        "prometheusRule.alerts",
        "dashboards",
        "dashboards.configMaps",
        "dashboards.grafanaOperator",
        "networkPolicy",
        "test",
        "test.image",
    ] {
        let without = path.rsplit('.').fold(Value::Null, |below, key| json!({key: below}));
        for helm in Helm::ALL {
            let said = helm.template(&chart, NEWEST, &merged(&minimal(), &without)).unwrap_err();
            let key = path.rsplit('.').next().unwrap();
            assert!(said.contains(&format!("missing property '{key}'")), "{path}: {said}");
        }
    }
}
