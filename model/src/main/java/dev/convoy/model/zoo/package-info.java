/**
 * Networks that have a name, put together of layers. Their weights are in files, of which this room knows nothing.
 */
package dev.convoy.model.zoo;
