//! Links the vectorscan that `cargo dev bench engine` has got, or the machine's own.

fn main() {
    println!("cargo:rerun-if-env-changed=VECTORSCAN_FOLDER");
    println!("cargo:rustc-link-lib=hs");
    if let Some(folder) = std::env::var_os("VECTORSCAN_FOLDER") {
        let folder = folder.to_string_lossy();
        println!("cargo:rustc-link-search=native={folder}");
        println!("cargo:rustc-link-arg=-Wl,-rpath,{folder}");
    }
}
