//! Sizes on 32-bit targets, checked whenever the crate is compiled for one. `shim/shim.c` holds C to the same numbers,
//! so a board's build fails on either side when the two disagree. `tests/layout.rs` checks every field.

#[cfg(target_pointer_width = "32")]
const _: () = {
    // On these ABIs a 64-bit integer is aligned to 8 bytes; i386 Linux is the exception, with 4.
    if align_of::<u64>() == 8 {
        assert!(size_of::<crate::br_ssl_engine_context>() == 3328);
        assert!(size_of::<crate::br_ssl_client_context>() == 3408);
        assert!(size_of::<crate::br_x509_minimal_context>() == 3048);
        assert!(size_of::<crate::br_x509_decoder_context>() == 1112);
    }
};
