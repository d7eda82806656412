# Everything in this folder is compiled.
