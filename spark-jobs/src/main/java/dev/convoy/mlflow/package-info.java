/**
 * A copy of a registry's decisions in MLflow's registry, by its REST interface. It never decides, and never holds up or fails who tells it:
 * what cannot be sent waits in a folder. Knows files and JSON, but neither what is trained nor who decides.
 */
package dev.convoy.mlflow;
