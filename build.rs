//! Tells the linker how a Node-API addon is linked.

fn main() {
    // The lower floors and their tests are plain Rust and need none of it.
    if std::env::var_os("CARGO_FEATURE_BINDING").is_some() {
        napi_build::setup();
    }
}
