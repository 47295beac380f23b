//! Components joined from two, and the ones that do not fit.

use crate::support::{App, get};

fn app(dependencies: &str) -> App {
    App::new(&format!(
        r#"
        spin_manifest_version = 2
        [application]
        name = "test"
        [[trigger.http]]
        route = "/..."
        component = "probe"
        [component.probe]
        source = "{{guests}}/probe-greet.wasm"
        key_value_stores = ["default"]
        variables = {{ greeting = "hello" }}
        {dependencies}
        "#
    ))
}

#[tokio::test]
async fn a_dependency_uses_what_its_component_may_use() {
    for name in ["test:greet/greeting@0.1.0", "test:greet/greeting", "test:greet@0.1.0", "test:greet"] {
        let app = app(&format!(
            "dependencies_inherit_configuration = true\n[component.probe.dependencies]\n\"{name}\" = {{ path = \"{{guests}}/greeter.wasm\" }}"
        ));
        let host = app.start().await;
        assert_eq!(get(&host, "/greet/Ada").await.text, "hello, Ada (1)", "{name}");
        assert_eq!(get(&host, "/greet/Bob").await.text, "hello, Bob (2)", "{name}");
    }
}

#[tokio::test]
async fn what_does_not_fit_is_named() {
    let inherit = "dependencies_inherit_configuration = true\n[component.probe.dependencies]\n";
    for (dependencies, expected) in [
        (
            String::new(),
            "spin.toml:9: component `probe`: imports what this host does not offer: test:greet/greeting@0.1.0",
        ),
        (
            format!("{inherit}\"test:other/x@0.1.0\" = {{ path = \"{{guests}}/greeter.wasm\" }}"),
            "component `probe`: dependency `test:other/x@0.1.0` matches no import",
        ),
        (
            format!("{inherit}\"test:greet/greeting@0.1.0\" = {{ path = \"{{guests}}/probe.wasm\" }}"),
            "component `probe`: dependency `test:greet/greeting@0.1.0` does not export `test:greet/greeting@0.1.0`",
        ),
        (
            format!("{inherit}\"test:greet/greeting@0.1.0\" = {{ path = \"nowhere.wasm\" }}"),
            "nowhere.wasm (is it built?)",
        ),
        (
            "[component.probe.dependencies]\n\"test:greet/greeting@0.1.0\" = { path = \"{guests}/greeter.wasm\" }"
                .to_owned(),
            "spin.toml:13: dependency `test:greet/greeting@0.1.0` that does not inherit",
        ),
    ] {
        let refusal = app(&dependencies).refusal().await.to_string();
        assert!(refusal.contains(expected), "{refusal}\nshould hold {expected}");
    }
}
