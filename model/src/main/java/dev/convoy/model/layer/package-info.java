/**
 * The layers that a network is made of: their settings, the shapes of what comes out, and the tensors that they need. How a layer
 * computes is the engines' business.
 */
package dev.convoy.model.layer;
