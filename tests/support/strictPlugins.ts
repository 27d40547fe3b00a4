// Our own plugins stand in for the official ones only where nothing can be downloaded. A test that passes with plugins
// that lose and overlook less would prove nothing for other users: everything that tests start runs them in strict mode.
process.env.FLTS_PLUGIN_STRICT ??= "1";
