/** The engine libtorch, through JavaCPP. The only room of this module that knows libtorch. */
package dev.convoy.model.backend.torch;
