//! With TLS, client certificates and passwords: the pod, its probes, Prometheus and `helm test` all know of it.

use std::fs;

use serde_json::{Value, json};

use super::{
    pod::{GitHub, Pod, Secrets, curl, secret},
    render::{Objects, merged, with},
};
use crate::web::Authority;

/// The name of the exporter within the cluster.
const NAME: &str = "copilot-github-copilot-exporter.metrics.svc";

/// Certificates as texts.
struct Certificates {
    ca: String,
    server: [String; 2],
    client: [String; 2],
}

impl Certificates {
    fn new() -> Self {
        let (directory, authority) = (tempfile::tempdir().unwrap(), Authority::new());
        let issue = |name: &str, host: &str| {
            authority.issue(directory.path(), name, &[host]);
            ["pem", "key"]
                .map(|end| fs::read_to_string(directory.path().join(format!("{name}.{end}"))).unwrap())
        };
        Self {
            server: issue("server", NAME),
            client: issue("client", "prometheus.example"),
            ca: authority.pem.clone(),
        }
    }
}

/// How curl scrapes as an endpoint of a monitor says.
fn scraping(endpoint: &Value, pod: &Pod, secrets: &Secrets<'_>) -> Vec<String> {
    let mut arguments = Vec::new();
    let host = endpoint["tlsConfig"]["serverName"].as_str().unwrap_or("127.0.0.1");
    let file = |name: &str, reference: &Value| {
        let path = pod.node.path(name);
        fs::write(&path, secret(secrets, &reference["name"], &reference["key"])).unwrap();
        path.display().to_string()
    };
    let tls = &endpoint["tlsConfig"];
    if tls["insecureSkipVerify"] == true {
        arguments.push("--insecure".to_owned());
    }
    for (switch, reference) in
        [("--cacert", &tls["ca"]["secret"]), ("--cert", &tls["cert"]["secret"]), ("--key", &tls["keySecret"])]
    {
        if !reference.is_null() {
            arguments.extend([switch.to_owned(), file(switch, reference)]);
        }
    }
    let part = |name: &str| {
        let reference = &endpoint["basicAuth"][name];
        (!reference.is_null()).then(|| secret(secrets, &reference["name"], &reference["key"]))
    };
    if let (Some(user), Some(password)) = (part("username"), part("password")) {
        arguments.extend(["--user".to_owned(), format!("{user}:{password}")]);
    }
    let (scheme, path) = (endpoint["scheme"].as_str().unwrap(), endpoint["path"].as_str().unwrap());
    arguments.extend(["--resolve".to_owned(), format!("{host}:{}:127.0.0.1", pod.port())]);
    arguments.extend(["--fail".to_owned(), format!("{scheme}://{host}:{}{path}", pod.port())]);
    arguments
}

/// What curl says of a scrape.
fn scrape(endpoint: &Value, pod: &Pod, secrets: &Secrets<'_>) -> (Option<i32>, String) {
    let arguments = scraping(endpoint, pod, secrets);
    let (code, text, _) = curl(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    (code, text)
}

/// How the pod of `helm test` ends, with these Secrets: its own curl, sent to the exporter here.
fn helm_test(pod: &Pod, secrets: &Secrets<'_>) -> Option<i32> {
    let test = &pod.objects.the("Pod")["spec"];
    let container = &test["containers"][0];
    assert_eq!(container["command"], json!(["curl"]));
    pod.node.mount(test, secrets);
    let mut arguments = vec!["--connect-to".to_owned(), format!("::127.0.0.1:{}", pod.port())];
    for argument in container["args"].as_array().unwrap() {
        let mut text = pod.node.text(argument.as_str().unwrap());
        if argument == "/dev/null" {
            text = "/dev/null".to_owned();
        }
        for variable in container["env"].as_array().into_iter().flatten() {
            let from = &variable["valueFrom"]["secretKeyRef"];
            let name = format!("$({})", variable["name"].as_str().unwrap());
            text = text.replace(&name, secret(secrets, &from["name"], &from["key"]));
        }
        arguments.push(text);
    }
    // Nothing here becomes right by asking again.
    arguments.extend(["--retry".to_owned(), "0".to_owned()]);
    curl(&arguments.iter().map(String::as_str).collect::<Vec<_>>()).0
}

/// The rest of what such a pod is given: which GitHub, and the token.
fn values(github: &GitHub, web: &Value) -> Value {
    merged(&github.values(), &json!({"web": web, "serviceMonitor": {"enabled": true}}))
}

#[test]
fn helm_test_asks_for_health_and_metrics() {
    let github = GitHub::start(&[]);
    let secrets: &Secrets<'_> = &[("github-token", &[("token", github.token())])];
    let pod = Pod::start(&github.values(), secrets);
    pod.become_ready();
    assert_eq!(helm_test(&pod, secrets), Some(0));
    let text = pod.objects.the("Pod").to_string();
    for path in ["/healthz", "/readyz", "/metrics"] {
        assert!(text.contains(&format!("http://{NAME}:10220{path}\"")), "{text}");
    }
    for path in ["/healthz", "/metrics"] {
        let mut wrong = Pod::start(&github.values(), secrets);
        wrong.become_ready();
        let changed = wrong.objects.the("Pod").to_string().replace(path, "/elsewhere");
        let place = wrong.objects.0.iter_mut().find(|object| object["kind"] == "Pod").unwrap();
        *place = serde_json::from_str(&changed).unwrap();
        assert_eq!(helm_test(&wrong, secrets), Some(22), "{path}: curl's word for a refusal");
    }
}

#[test]
fn with_passwords_probes_need_none_and_prometheus_and_helm_test_have_one() {
    let github = GitHub::start(&[]);
    let web = format!("basic_auth_users: {{scraper: {}}}", bcrypt::hash("s3cret", 4).unwrap());
    let known: &Secrets<'_> = &[
        ("github-token", &[("token", github.token())]),
        ("copilot-web", &[("web.yml", &web)]),
        ("copilot-scraper", &[("username", "scraper"), ("password", "s3cret")]),
    ];
    let client = json!({"basicAuth": {"existingSecret": "copilot-scraper"}});
    let pod =
        Pod::start(&values(&github, &json!({"existingSecret": "copilot-web", "client": client})), known);
    pod.become_ready();
    pod.until_figures_of(github.org(0), &["--user", "scraper:s3cret"]);
    let endpoint = &pod.objects.the("ServiceMonitor")["spec"]["endpoints"][0];
    assert_eq!(scrape(endpoint, &pod, known).0, Some(0));
    assert_eq!(helm_test(&pod, known), Some(0));
    assert_eq!(pod.metrics(&[]), "");
    let wrong: &Secrets<'_> = &[("copilot-scraper", &[("username", "scraper"), ("password", "guess")])];
    assert_eq!(scrape(endpoint, &pod, wrong).0, Some(22), "curl's word for a refusal");
    assert_eq!(helm_test(&pod, wrong), Some(22));
}

#[test]
fn with_tls_from_a_secret_of_its_own_probes_and_prometheus_speak_https() {
    let (github, certificates) = (GitHub::start(&[]), Certificates::new());
    let [pem, key] = &certificates.server;
    let known: &Secrets<'_> = &[
        ("github-token", &[("token", github.token())]),
        ("copilot-web", &[("web.yml", "tls_server_config: {cert_file: tls.crt, key_file: tls.key}")]),
        ("copilot-tls", &[("tls.crt", pem), ("tls.key", key), ("ca.crt", &certificates.ca)]),
    ];
    let web = json!({"existingSecret": "copilot-web", "certificateSecret": "copilot-tls", "tls": true});
    for client in [json!({}), json!({"ca": {"existingSecret": "copilot-tls"}})] {
        let pod = Pod::start(&values(&github, &merged(&web, &json!({"client": client}))), known);
        pod.become_ready();
        pod.until_figures_of(github.org(0), &["--insecure"]);
        let endpoint = &pod.objects.the("ServiceMonitor")["spec"]["endpoints"][0];
        let verifies = !client["ca"].is_null();
        assert_eq!(endpoint["tlsConfig"]["insecureSkipVerify"].is_null(), verifies);
        assert_eq!(scrape(endpoint, &pod, known).0, Some(0));
        assert_eq!(helm_test(&pod, known), Some(0));
        let other = Certificates::new().ca;
        let stranger: &Secrets<'_> = &[("copilot-tls", &[("ca.crt", &other)])];
        assert_eq!(scrape(endpoint, &pod, stranger).0 == Some(0), !verifies, "who is not known");
        assert_eq!(helm_test(&pod, stranger) == Some(0), !verifies);
    }
}

#[test]
fn with_client_certificates_probes_only_connect_and_prometheus_and_helm_test_have_one() {
    let (github, certificates) = (GitHub::start(&[]), Certificates::new());
    let ([pem, key], [client, client_key]) = (&certificates.server, &certificates.client);
    let web = "tls_server_config: {cert_file: tls.crt, key_file: tls.key, client_ca_file: clients.crt, \
               client_auth_type: RequireAndVerifyClientCert}";
    let known: &Secrets<'_> = &[
        ("github-token", &[("token", github.token())]),
        ("copilot-web", &[("web.yml", web), ("clients.crt", &certificates.ca)]),
        ("copilot-tls", &[("tls.crt", pem), ("tls.key", key)]),
        ("copilot-scraper", &[("client.crt", client), ("client.key", client_key)]),
        ("copilot-ca", &[("authority.pem", &certificates.ca)]),
    ];
    let chart = super::Chart::ours();
    let feature = chart.feature("web-client-certificates");
    let pod = Pod::start(&merged(&feature, &json!({"github": github.values()["github"]})), known);
    pod.become_ready();
    let endpoint = &pod.objects.the("PodMonitor")["spec"]["podMetricsEndpoints"][0];
    let (code, text) = scrape(endpoint, &pod, known);
    assert!(code == Some(0) && text.contains("github_copilot_exporter_build_info"), "{code:?}");
    // A connection alone does not say that it is ready; the scrape has left its certificate in files called as curl's switches.
    let [certificate, key] = ["--cert", "--key"].map(|switch| pod.node.path(switch).display().to_string());
    pod.until_figures_of(github.org(0), &["--insecure", "--cert", &certificate, "--key", &key]);
    assert_eq!(helm_test(&pod, known), Some(0));
    assert_eq!(pod.metrics(&["--insecure"]), "", "nobody without a certificate");
    let probe = &pod.objects.container()["readinessProbe"];
    assert!(probe["httpGet"].is_null(), "{probe}");
}

#[test]
fn where_nobody_is_given_a_certificate_there_is_no_test_that_must_fail() {
    assert_eq!(Objects::of_feature("web-shut").of_kind("Pod"), Vec::<&Value>::new());
    let with_certificate = json!({
        "web": {"existingSecret": "web", "tls": true, "clientCertificates": true,
            "client": {"certificate": {"existingSecret": "scraper"}}},
    });
    assert_eq!(with(&with_certificate).of_kind("Pod").len(), 1);
}

#[test]
fn the_name_in_the_certificate_can_be_another_than_the_services() {
    let objects = Objects::of_feature("web-tls");
    let endpoint = &objects.the("ServiceMonitor")["spec"]["endpoints"][0];
    assert_eq!(endpoint["tlsConfig"]["serverName"], "copilot.example");
    let arguments = objects.the("Pod")["spec"]["containers"][0]["args"].to_string();
    assert!(arguments.contains("https://copilot.example:10220/metrics"), "{arguments}");
    assert!(arguments.contains(&format!("\"--connect-to\",\"::{NAME}:10220\"")), "{arguments}");
}
