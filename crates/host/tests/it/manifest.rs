//! What a manifest may not say, with the words and the line of each refusal.

use ringback_host::Manifest;

const HEAD: &str = "spin_manifest_version = 2\n[application]\nname = \"test\"\n";
const TRIGGER: &str = "[[trigger.http]]\nroute = \"/...\"\ncomponent = \"a\"\n";
const COMPONENT: &str = "[component.a]\nsource = \"a.wasm\"\n";

fn refusal(manifest: &str) -> String {
    let folder = tempfile::TempDir::new().expect("a folder");
    let path = folder.path().join("spin.toml");
    std::fs::write(&path, manifest).expect("written");
    match Manifest::load(&path) {
        Ok(_) => "accepted".to_owned(),
        Err(error) => format!("{}: {}", error.line, error.message),
    }
}

#[test]
fn accepts_what_spin_ignores_too() {
    let manifest = format!(
        "{HEAD}version = \"1\"\ndescription = \"d\"\nauthors = [\"x\"]\n[application.tool.other]\nany = 1\n{TRIGGER}id = \"t\"\nexecutor = {{ type = \"http\" }}\n\
         {COMPONENT}description = \"d\"\n[component.a.build]\ncommand = \"make\"\n[component.a.tool.x]\ny = 1\n"
    );
    assert_eq!(refusal(&manifest), "accepted");
}

#[test]
fn refuses_what_it_does_not_support_by_name_and_line() {
    let unsupported = "is not supported by this host";
    for (more, expected) in [
        // The head has 3 lines, the trigger 3, the component 2.
        (
            "sqlite_databases = [\"default\"]",
            format!("9: `component.a.sqlite_databases` {unsupported}: it has no SQLite databases for components"),
        ),
        ("ai_models = [\"llama\"]", format!("9: `component.a.ai_models` {unsupported}: it has no language models")),
        (
            "allowed_http_hosts = []",
            format!("9: `component.a.allowed_http_hosts` {unsupported}: write `allowed_outbound_hosts` instead"),
        ),
        (
            "[component.a.profile.debug]\nsource = \"b\"",
            format!("9: `component.a.profile` {unsupported}: it knows no build profiles"),
        ),
        ("frob = 1", "9: unknown key `component.a.frob`".to_owned()),
        ("files = [1]", "9: `component.a.files` takes patterns and { source, destination } tables".to_owned()),
        ("files = [{ source = \"a\", destination = \"b\" }]", "9: destination `b` must start with `/`".to_owned()),
        ("key_value_stores = \"default\"", "9: `component.a.key_value_stores` must be a list, found string".to_owned()),
        (
            "[component.a.dependencies]\n\"x:y/z\" = \"1.0\"",
            format!("10: dependency `x:y/z` by version (from a registry) {unsupported}: give a path"),
        ),
        (
            "[component.a.dependencies]\n\"x:y/z\" = { component = \"b\" }",
            format!(
                "10: `component.a.dependencies.x:y/z.component` {unsupported}: give the path of the component's Wasm file"
            ),
        ),
        (
            "[component.a.dependencies]\n\"x:y/z\" = { url = \"https://x\", digest = \"y\" }",
            format!(
                "10: `component.a.dependencies.x:y/z.digest` {unsupported}: dependencies from a URL are not, give a path"
            ),
        ),
        (
            "[component.a.dependencies]\n\"x:y\" = { path = \"x\", export = \"z\" }",
            "10: dependency `x:y` is a whole package: it cannot name one export".to_owned(),
        ),
        (
            "[[trigger.redis]]\nchannel = \"c\"\ncomponent = \"a\"",
            format!("9: `trigger.redis` {unsupported}: it serves HTTP triggers only"),
        ),
        (
            "[[trigger.http]]\nroute = \"/x\"\nstatic_response = { status_code = 200 }",
            format!("11: `trigger.http.static_response` {unsupported}: write a component that answers"),
        ),
        (
            "[[trigger.http]]\nroute = \"/x\"\ncomponent = { source = \"x\" }",
            format!("11: a component written into its trigger {unsupported}: name a `[component.<id>]`"),
        ),
        ("[[trigger.http]]\nroute = \"/x\"\ncomponent = \"b\"", "11: there is no `[component.b]`".to_owned()),
        (
            "[[trigger.http]]\nroute = { private = false }\ncomponent = \"a\"",
            "10: a route is a path or `{ private = true }`".to_owned(),
        ),
        (
            "[[trigger.http]]\nroute = \"/x\"\ncomponent = \"a\"\nexecutor = { type = \"wagi\" }",
            format!("12: executor `wagi` {unsupported}: only `http` is"),
        ),
        (
            "[variables]\nx = { default = \"1\", required = true }",
            "10: variable `x` must have either `required = true` or a `default`".to_owned(),
        ),
        (
            "[variables]\nX = { default = \"1\" }",
            "10: variable `X`: may contain only lower-case letters, digits and underscores".to_owned(),
        ),
        ("[component.B_c]\nsource = \"x\"", "9: component id `B_c` is not in kebab-case".to_owned()),
        (
            "[component.b]\nsource = { url = \"https://x\", digest = \"y\" }",
            format!("10: `component.b.source` from a registry or a URL {unsupported}: name a file"),
        ),
        ("[component.b]", "9: `component.b.source` is missing".to_owned()),
        ("[applications]\nx = 1", "9: unknown key `applications`".to_owned()),
        (
            "[application.trigger.http]\nbase = \"/x\"",
            format!("9: `application.trigger` {unsupported}: it has no settings for all triggers of a kind"),
        ),
        (
            "[application.tool.local-host]\nticker = [{ component = \"b\", path = \"/\", interval = \"5s\" }]",
            "10: there is no `[component.b]`".to_owned(),
        ),
        (
            "[application.tool.local-host]\nticker = [{ component = \"a\", path = \"/\", interval = \"5\" }]",
            "10: interval `5` is not a time of at least 10 ms, such as \"5s\" or \"250ms\"".to_owned(),
        ),
        ("not toml", "9: key with no value, expected `=`".to_owned()),
    ] {
        assert_eq!(refusal(&format!("{HEAD}{TRIGGER}{COMPONENT}{more}\n")), expected, "{more}");
    }
}

#[test]
fn refuses_other_manifests() {
    for (manifest, expected) in [
        ("spin_manifest_version = 1\n", "1: manifest version 1 is not supported by this host: it must be 2"),
        ("[application]\nname = \"x\"\n", "1: `spin_manifest_version = 2` is missing"),
        ("spin_manifest_version = 2\n", "1: `[application]` is missing"),
        ("spin_manifest_version = 2\n[application]\n", "2: `application.name` is missing"),
        (HEAD, "1: `[[trigger.http]]` is missing: nothing would ever run"),
    ] {
        assert_eq!(refusal(manifest), expected);
    }
}
