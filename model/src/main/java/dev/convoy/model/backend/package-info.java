/** What an engine has to offer, and one worker's replica with an optimizer beside it. Engines are found by name, never imported. */
package dev.convoy.model.backend;
