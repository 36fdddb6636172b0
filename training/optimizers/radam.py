"""RAdam: Adam that waits for its own statistics (Liu et al. 2020, "On the Variance of the Adaptive Learning
Rate and Beyond").

The adaptive rate of the first steps rests on a handful of gradients. While fewer than five effective ones are
known (rho_t), the step is plain momentum; from then on it is Adam's, times a rectification r_t that grows to
1:

rho_inf = 2 / (1 - b2) - 1,   rho_t = rho_inf - 2 t b2^t / (1 - b2^t)
r_t = sqrt((rho_t - 4)(rho_t - 2) rho_inf / ((rho_inf - 4)(rho_inf - 2) rho_t))
"""

from __future__ import annotations

import math

import keras
from keras import ops

# The paper takes 4 and its authors' code 5, as do the others that are in use.
ENOUGH = 5.0


@keras.saving.register_keras_serializable(package="rarebeat")
class RectifiedAdam(keras.optimizers.Optimizer):
    """RAdam.

    Args:
        learning_rate: number or schedule.
        beta_1: decay of the mean gradient.
        beta_2: decay of the mean squared gradient; above 0.7, below which rho_inf is under 5.
        epsilon: added to the root of the squared gradient.
        kwargs: as of `keras.optimizers.Optimizer`; weight decay is decoupled.

    Example:
        >>> optimizer = RectifiedAdam(0.1)
        >>> weight = keras.Variable([1.0])
        >>> optimizer.apply([ops.convert_to_tensor([0.5])], [weight])
        >>> round(float(weight[0]), 6)  # the first step is 0.1 times the gradient
        0.95
    """

    def __init__(
        self,
        learning_rate: float | keras.optimizers.schedules.LearningRateSchedule = 1e-3,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        name: str = "radam",
        **kwargs: object,
    ) -> None:
        super().__init__(learning_rate=learning_rate, name=name, **kwargs)
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon

    def build(self, variables: list[keras.Variable]) -> None:
        if self.built:
            return
        super().build(variables)
        self._means, self._squares = self.add_optimizer_variables(variables, ["mean", "square"])

    def update_step(
        self, gradient: keras.KerasTensor, variable: keras.Variable, learning_rate: keras.KerasTensor
    ) -> None:
        kind = variable.dtype
        gradient, rate = ops.cast(gradient, kind), ops.cast(learning_rate, kind)
        index = self._get_variable_index(variable)
        mean, square = self._means[index], self._squares[index]
        self.assign_add(mean, (gradient - mean) * (1 - self.beta_1))
        self.assign_add(square, (ops.square(gradient) - square) * (1 - self.beta_2))

        step = ops.cast(self.iterations + 1, "float32")
        unbiased = mean / ops.cast(_one_less_power(self.beta_1, step), kind)
        enough, rectified = self._rectification(step)
        scale = ops.sqrt(_one_less_power(self.beta_2, step)) * rectified
        adaptive = ops.cast(scale, kind) / (ops.sqrt(square) + self.epsilon)
        self.assign_sub(variable, rate * unbiased * ops.where(enough, adaptive, ops.ones_like(adaptive)))

    def _rectification(self, step: keras.KerasTensor) -> tuple[keras.KerasTensor, keras.KerasTensor]:
        """Whether enough gradients are known, and r_t (any number where they are not)."""
        most = 2 / (1 - self.beta_2) - 1
        log_power = step * math.log(self.beta_2)
        known = most - 2 * step * ops.exp(log_power) / _one_less_power(self.beta_2, step)
        enough = known > ENOUGH
        known = ops.where(enough, known, most)
        return enough, ops.sqrt((known - 4) * (known - 2) * most / ((most - 4) * (most - 2) * known))

    def get_config(self) -> dict:
        own = {"beta_1": self.beta_1, "beta_2": self.beta_2, "epsilon": self.epsilon}
        return {**super().get_config(), **own}


def _one_less_power(beta: float, step: keras.KerasTensor) -> keras.KerasTensor:
    """1 - beta^step; by logarithms, because the plain difference has lost most of its digits in float32 when
    rho_t, which divides by it, is compared with 5."""
    return -ops.expm1(step * math.log(beta))
